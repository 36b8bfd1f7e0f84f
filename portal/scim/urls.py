"""Below /scim/v2/ (RFC 7644, section 3.2). Addresses are as the RFC writes them, without a slash at the end."""

from django.urls import path

from portal.scim import views

app_name = "scim"
urlpatterns = [
    path("ServiceProviderConfig", views.service_provider_config, name="config"),
    path("ResourceTypes", views.resource_types, name="resource_types"),
    path("ResourceTypes/<str:key>", views.resource_types, name="resource_type"),
    path("Schemas", views.schemas, name="schemas"),
    path("Schemas/<str:key>", views.schemas, name="schema"),
    path("Users", views.users, name="users"),
    path("Users/.search", views.search_users, name="search_users"),
    path("Users/<str:key>", views.user, name="user"),
    path("Groups", views.groups, name="groups"),
    path("Groups/.search", views.search_groups, name="search_groups"),
    path("Groups/<str:key>", views.group, name="group"),
    path("Me", views.not_supported, name="me"),
    path("Bulk", views.not_supported, name="bulk"),
    path(".search", views.not_supported, name="search"),
    path("<path:path>", views.unknown, name="unknown"),
]
