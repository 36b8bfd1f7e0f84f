"""What every template can use without {% load %} (settings.TEMPLATES): {% when instant %}, {% dated instant %}, {% timed instant %}
and {{ count|number }}."""

from datetime import datetime

from django import template
from django.conf import settings
from django.template import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from portal.core import when

register = template.Library()


@register.simple_tag(takes_context=True, name="when")
def when_tag(context: Context, instant: datetime | None, note: str = "") -> SafeString:
    """`portal.core.when.when`, as of the context's `now`."""
    return when.when(instant, now_of(context), note)


@register.simple_tag(takes_context=True, name="dated")
def dated_tag(context: Context, instant: datetime | None, note: str = "", near: int = when.NEAR) -> SafeString:
    """`portal.core.when.dated`, as of the context's `now`."""
    return when.dated(instant, now_of(context), note, near)


@register.simple_tag(takes_context=True, name="timed")
def timed_tag(context: Context, instant: datetime | None) -> SafeString:
    """`portal.core.when.timed`, as of the context's `now`."""
    return when.timed(instant, now_of(context))


@register.filter
def number(count: int) -> str:
    """`1,234,567`. Not for what is typed into a field or is part of an address."""
    return f"{count:,}"


@register.filter
def provider_name(provider: str) -> str:
    """What people call a sign-in provider, by its ID; the ID for one that is no longer configured."""
    known = settings.SIGN_IN_PROVIDERS.get(provider)
    return known.name if known else provider


def now_of(context: Context) -> datetime:
    """The instant that the page is as of: the view's `now`, else the one of portal.core.context_processors."""
    return context.get("now") or timezone.now()
