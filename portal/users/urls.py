from django.urls import path

from portal.users import views

app_name = "users"
urlpatterns = [
    path("administrator/users/<username:username>/update/", views.update, name="update"),
    path("administrator/users/<username:username>/rename/", views.rename, name="rename"),
    path("administrator/users/<username:username>/activate/", views.activate, name="activate"),
    path("administrator/users/<username:username>/invite/", views.resend_invitation, name="resend_invitation"),
    path("administrator/users/<username:username>/invitation-link/", views.invitation_link, name="invitation_link"),
]
