"""One view for each peer. Each says 204 to a good token and refuses a bad one, as its documentation shows it."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from knox.auth import TokenAuthentication as KnoxAuthentication
from rest_framework.authentication import TokenAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_api_key.permissions import HasAPIKey


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)


class RestFramework(APIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        return Response(status=204)


class Knox(RestFramework):
    authentication_classes = [KnoxAuthentication]


class ApiKey(RestFramework):
    authentication_classes = []
    permission_classes = [HasAPIKey]


urlpatterns = [
    path("bare", bare),
    path("rest-framework", RestFramework.as_view()),
    path("knox", Knox.as_view()),
    path("api-key", ApiKey.as_view()),
]
