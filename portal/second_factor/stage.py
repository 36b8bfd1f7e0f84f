"""The second step of a sign-in, as one of django-allauth's stages. Until it is passed nobody is signed in: there is no user in the session,
no session hash and no temporary token."""

from allauth.account.stages import LoginStage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare

import settings_app.services as config
from portal.second_factor.factors import has_factor
from portal.users import sign_in_methods
from portal.users.models import User

PAGE = "mfa_authenticate"


class SecondFactorStage(LoginStage):
    key = "second_factor"
    urlname = PAGE

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Is a second step needed? What the first one was worth is noted: a new password, a deactivation or a reset in between ends it."""
        user = self.login.user
        if not has_factor(user) or is_trusted(self.request, user):
            return None, True
        self.login.signal_kwargs = None  # what the company's provider said has been used: none of it waits in the session
        self.state["first_step"] = user.get_session_auth_hash()
        return redirect(PAGE), True

    @property
    def is_valid(self) -> bool:
        """Does the first step still count? The user was read again for this request."""
        user: User | None = self.login.user
        noted = self.state.get("first_step", "")
        return user is not None and user.may_sign_in and constant_time_compare(noted, user.get_session_auth_hash())


def is_trusted(request: HttpRequest, user: User) -> bool:
    """Has the company's sign-in asked for a second step itself? So it is taken to have, unless Config says otherwise."""
    return sign_in_methods.by_company(request, user) and not config.get("second_factor_after_company_sign_in")
