"""The link to a user's calendar: the address at which programs read it (what they read there: tokens/calendar/ical.py).

Calendar programs send no header and keep no cookie, so the address itself holds the secret: 190 bits, derived by HMAC from the
link's id, so that the Profile can show it again while nothing at rest gives it away.

A link ends with what gives its owner a new session stamp: a new password, a deactivation, a deletion. Its seal is an HMAC over that
stamp, and is made again under a new SECRET_KEY while the former one is a fallback; so a link outlives the key that it was derived under,
but not one that was taken away without a fallback because it leaked.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from portal.audit import services as audit
from portal.audit.services import Event
from portal.core import derived_secrets, versions
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import Code, ServiceError
from portal.notifications.renderers import absolute_url
from portal.users.models import User
from tokens import token_format
from tokens.models import CalendarLink

LENGTH = 32


def derive(key: str, link: CalendarLink) -> str:
    """The secret of `link`: base62, HMAC-SHA-256 under a key that is derived from `key` (SECRET_KEY)."""
    secret = derived_secrets.derive("tokens.calendar:", f"{link.pk}:{link.user.session_stamp}", key)
    return token_format.base62(int.from_bytes(secret), LENGTH)


def reveal(link: CalendarLink) -> str | None:
    """The secret of `link`, derived again. None if the key it was derived under is gone: the link may still work then."""
    for key in derived_secrets.secret_keys():
        text = derive(key, link)
        if constant_time_compare(token_format.digest(text), bytes(link.digest)):
            return text
    return None


def address(link: CalendarLink) -> str | None:
    """The full address of `link`; None as for `reveal`."""
    text = reveal(link)
    return absolute_url(reverse("tokens:calendar", args=[text])) if text else None


def webcal(address: str) -> str:
    """The same address in the scheme that calendar programs open (`webcal://`)."""
    return f"webcal://{address.partition('://')[2]}"


def current(user: User) -> CalendarLink | None:
    """The user's link, if the calendar is switched on."""
    link = CalendarLink.objects.filter(user=user).select_related("user").first()
    return link if link and works(link) else None


def find(text: str) -> User | None:
    """Whose calendar the secret `text` opens. None, whatever the reason, if it opens none."""
    link = CalendarLink.objects.filter(digest=token_format.digest(text)).select_related("user").first()
    if link is None or not works(link):
        return None
    keep_up(link)
    return link.user


def seal(key: str, link: CalendarLink) -> str:
    """What ties `link` to its owner's session stamp under `key` (SECRET_KEY)."""
    value = f"{bytes(link.digest).hex()}:{link.user.session_stamp}"
    return derived_secrets.derive("tokens.calendar.seal", value, key).hex()


def works(link: CalendarLink) -> bool:
    seals = (seal(key, link) for key in derived_secrets.secret_keys())
    return link.user.is_active and any(constant_time_compare(link.seal, each) for each in seals)


def keep_up(link: CalendarLink) -> None:
    """Seals a link that works under the present SECRET_KEY, so that it goes on when the former key is no fallback any more."""
    present = seal(settings.SECRET_KEY, link)
    if not constant_time_compare(link.seal, present):
        CalendarLink.objects.filter(pk=link.pk, seal=link.seal).update(seal=present)


def keep_all_up() -> None:
    """The same for every link, whether or not a program reads it. Runs nightly."""
    for link in CalendarLink.objects.select_related("user").iterator() if settings.SECRET_KEY_FALLBACKS else ():
        if works(link):
            keep_up(link)


@transaction.atomic
def switch_on(actor: Actor, now: datetime) -> CalendarLink:
    """Gives the actor a link. One that is there stays as it is: a second click changes no address."""
    user = locked(actor)
    return current(user) or replace(actor, user, now, "off", "on")


def version(user: User) -> str:
    """The version of the user's link, for the confirmations that end it."""
    link = CalendarLink.objects.filter(user=user).first()
    return versions.version(link=str(link.pk) if link else None)


def require(user: User, read: versions.Versions) -> None:
    if not versions.accepts(read, version(user)):
        raise ServiceError("The calendar link has been renewed since you opened this form.", code=Code.PRECONDITION_FAILED)


@transaction.atomic
def renew(actor: Actor, now: datetime, read: versions.Versions = None) -> CalendarLink | None:
    """Another link in place of the old one, which stops working. None if the calendar is off. `read`: the versions of the link that the
    actor knows; with another one ServiceError is raised, so that a second click does not end the link that the first one made."""
    user = locked(actor)
    if current(user) is None:
        return None
    require(user, read)
    return replace(actor, user, now, "on", "renewed")


@transaction.atomic
def switch_off(actor: Actor, read: versions.Versions = None) -> bool:
    """Ends the link. False if the calendar was off. `read`: as for `renew`."""
    user = locked(actor)
    was_on = current(user) is not None
    if was_on:
        require(user, read)
    CalendarLink.objects.filter(user=user).delete()
    if was_on:
        audit.event(Event.CALENDAR_LINK, actor, user, changes={"calendar_link": ["on", "off"]})
    return was_on


def end(user: User, actor: Actor | None) -> None:
    """Ends the link with its owner's sessions, which made it useless already: the table and the audit trail then say so too."""
    if CalendarLink.objects.filter(user=user).delete()[0]:
        audit.event(Event.CALENDAR_LINK, actor, user, changes={"calendar_link": ["on", "off"]})


def locked(actor: Actor) -> User:
    """The actor's own row, locked: of two clicks at once the second sees what the first did. Raises PermissionDenied."""
    return access.lock(actor, *access.EVERYBODY)[actor.user.pk]


def replace(actor: Actor, user: User, now: datetime, before: str, after: str) -> CalendarLink:
    CalendarLink.objects.filter(user=user).delete()
    link = CalendarLink(user=user, created_at=now)
    link.digest = token_format.digest(derive(settings.SECRET_KEY, link))
    link.seal = seal(settings.SECRET_KEY, link)
    link.save(force_insert=True)
    audit.event(Event.CALENDAR_LINK, actor, user, changes={"calendar_link": [before, after]})
    return link
