"""The sign-in page, with the company's providers on it; and the page that a one-time link opens, in place of django-allauth's, which keeps
the link's key in the session."""

from functools import wraps
from typing import Any

from allauth.account.forms import ResetPasswordKeyForm
from allauth.account.signals import password_reset
from allauth.account.views import LoginView
from django.contrib import messages
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.users import company, links, local_passwords
from portal.users.limits import View
from portal.users.models import User
from portal.users.recent_views import confirmed

AT_FORM = "set-password"
PAGE = "account/password_reset_from_key.html"


class SignInView(LoginView):
    def get_context_data(self, **context: Any) -> dict[str, Any]:
        on = local_passwords.are_on()
        show = on or "emergency" in self.request.GET or self.request.method == "POST"
        return super().get_context_data(**context) | {
            "company": company.options(),
            "passwords": on,
            "password_form": show,
            "company_class": "btn-outline-primary" if show else "btn-primary",
        }


sign_in = SignInView.as_view()


def by_password(view: View) -> View:
    """`view`, for those who may have a password."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not local_passwords.allowed(request.user):
            messages.error(request, local_passwords.OFF)
            return redirect("profile")
        return view(request, *args, **kwargs)

    return wrapper


def recently(view: View) -> View:
    """`view`, for those who have just shown who they are: a first password is a new way to sign in, which a stranger at an unlocked screen
    must not make."""
    guarded = confirmed(view)

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return (guarded if request.user.is_authenticated else view)(request, *args, **kwargs)

    return wrapper


@require_http_methods(["GET", "HEAD", "POST"])
def set_password(request: HttpRequest, uidb36: str, key: str) -> HttpResponse:
    """A valid link leads on to an address without the key, so that no Referer header or history keeps it. There is the form."""
    user = links.user_of(uidb36)
    if key != AT_FORM:
        return open_link(request, uidb36, user, key)
    opened = links.opened(request.session, user)
    if user is None or opened is None or not links.generator.check_token(user, opened):
        return no_longer_works(request)
    if request.user.is_authenticated and request.user != user:
        logout(request)
        links.remember(request.session, user, opened)
    form = ResetPasswordKeyForm(request.POST or None, user=user, temp_key=opened)
    if request.method == "POST" and form.is_valid():
        return finish(request, user, opened, form)
    return render(request, PAGE, {"form": form, "action_url": request.path})


def open_link(request: HttpRequest, uidb36: str, user: User | None, key: str) -> HttpResponse:
    if user is None or not links.generator.check_token(user, key):
        return no_longer_works(request)
    links.remember(request.session, user, key)
    return redirect("account_reset_password_from_key", uidb36, AT_FORM)


def finish(request: HttpRequest, user: User, key: str, form: ResetPasswordKeyForm) -> HttpResponse:
    """The user's row is locked: of two forms sent at once one sets the password, and a deactivation comes before or after."""
    with transaction.atomic():
        if not links.generator.check_token(User.objects.select_for_update(no_key=True).filter(pk=user.pk).first(), key):
            return no_longer_works(request)
        form.save()
        password_reset.send(sender=User, request=request, user=user)
    request.session.pop(links.OPENED, None)
    return redirect("account_reset_password_from_key_done")


def no_longer_works(request: HttpRequest) -> HttpResponse:
    return render(request, PAGE, {"token_fail": True})
