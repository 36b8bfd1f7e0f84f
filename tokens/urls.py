from django.urls import path

from portal.users import paths as paths  # the converter <username:...>
from tokens import cli_views, views

app_name = "tokens"
urlpatterns = [
    path("administrator/users/<username:username>/tokens/", views.user_tokens, name="user_tokens"),
    path("administrator/users/<username:username>/tokens/add/", views.create, name="create"),
    path("access-control/user-tokens/", views.all_tokens, name="all"),
    path("access-control/user-tokens/revoke/", views.revoke_many, name="revoke_many"),
    path("profile/tokens/add/", views.add_own, name="add_own"),
    path("profile/tokens/create/", views.create_own, name="create_own"),
    path("profile/temporary-token/", views.temporary, name="temporary"),
    path("cli/sign-in", cli_views.sign_in, name="cli_sign_in"),
    path("tokens/<uuid:pk>/revoke/", views.revoke, name="revoke"),
]
