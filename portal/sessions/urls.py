from django.urls import path

from portal.sessions import views

app_name = "sessions"
urlpatterns = [
    path("profile/sessions/", views.own, name="own"),
    path("profile/sessions/end-others/", views.end_others, name="end_others"),
    path("profile/sessions/<int:pk>/", views.end_own, name="end_own"),
    path("administrator/users/<username:username>/sessions/", views.of_user, name="of_user"),
    path("administrator/users/<username:username>/sessions/end-all/", views.end_all, name="end_all"),
    path("administrator/users/<username:username>/sessions/<int:pk>/", views.end_one, name="end_one"),
]
