from django.urls import path

from portal.directory import group_views, owner_views

app_name = "directory"
urlpatterns = [
    path("administrator/groups/", group_views.group_list, name="groups"),
    path("administrator/groups/add/", group_views.add_group, name="add_group"),
    path("administrator/groups/<int:pk>/", group_views.group_detail, name="group"),
    path("administrator/groups/<int:pk>/update/", group_views.update_group, name="update_group"),
    path("administrator/groups/<int:pk>/delete/", group_views.delete_group, name="delete_group"),
    path("administrator/groups/<int:pk>/members/add/", group_views.add_member, name="add_member"),
    path("administrator/groups/<int:pk>/members/<int:user>/remove/", group_views.remove_member, name="remove_member"),
    path("administrator/owners/search/", owner_views.suggest, name="search"),
    path("administrator/users/<username:username>/owners/", owner_views.owner_list, name="owners"),
    path("administrator/users/<username:username>/owners/add/", owner_views.add_owner, name="add_owner"),
    path("administrator/users/<username:username>/owners/<int:pk>/remove/", owner_views.remove_owner, name="remove_owner"),
    path("administrator/users/<username:username>/groups/", owner_views.of_user, name="of_user"),
]
