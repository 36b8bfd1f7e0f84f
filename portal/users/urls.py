from django.urls import path

from portal.users import views

app_name = "users"
urlpatterns = [
    path("administrator/users/add/", views.create, name="create"),
    path("administrator/users/<str:username>/", views.detail, name="detail"),
    path("administrator/users/<str:username>/update/", views.update, name="update"),
    path("administrator/users/<str:username>/deactivate/", views.deactivate, name="deactivate"),
    path("administrator/users/<str:username>/activate/", views.activate, name="activate"),
    path("administrator/users/<str:username>/delete/", views.delete, name="delete"),
]
