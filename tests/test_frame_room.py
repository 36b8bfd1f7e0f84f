"""The middleware that gives a request's frames room."""

from django.http import HttpResponse
from django.test import RequestFactory

from portal.core.middleware import FRAME_ROOM, frame_room_middleware

RUNS_ON = "sqlite"


def test_the_frame_of_a_request_needs_more_than_a_chunk() -> None:
    response = HttpResponse()
    middleware = frame_room_middleware(lambda request: response)
    assert middleware(RequestFactory().get("/")) is response
    assert middleware.__code__.co_stacksize == FRAME_ROOM
