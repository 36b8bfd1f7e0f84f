"""Every email that the portal sends, as its renderer writes it, with short and with the longest names."""

from datetime import datetime, timedelta

from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone

import settings_app.services as config
from portal.core.actors import Actor
from portal.notifications import renderers
from portal.notifications.channels import test_email
from portal.notifications.models import Message
from portal.notifications.renderers import Content
from portal.sessions.emails import NEW_DEVICE, SESSION_ENDED
from portal.users import emails, security_emails
from portal.users.models import User
from tests.factories import AdministratorFactory, UserFactory, issue
from tests.tokens.scans import many_ending
from tokens.emails import TOKEN_CREATED
from tokens.expiry.digest import DIGEST
from tokens.models import Notice, Token

OPS = "ops@example.com"
LONG_USERNAME = "a" * 64 + "@" + "b" * 60 + "." + "c" * 16 + ".example"  # as long as a username can be: 150 characters


def every_email(owner: User) -> dict[str, Content]:
    """By a name for each: those about the account of `owner`, and digests of 1 and 3 of their tokens."""
    now = timezone.now()
    token = issue(owner, "n" * 100, actor=AdministratorFactory())[0]
    invited = UserFactory(username=f"new.{owner.username}"[:150], display_name="x" * 100)
    invited.set_unusable_password()
    invited.save()
    about = {
        emails.INVITATION: (invited.email, {"user": invited.pk}),
        emails.PASSWORD_RESET: (owner.email, {}),
        emails.PASSWORD_CHANGED: (owner.email, {"user": owner.pk, "at": now.isoformat(), "address": "2001:db8::1", "first": False}),
        TOKEN_CREATED: (owner.email, {"token": str(token.pk)}),
    }
    found = {kind: rendered(Message(kind=kind, recipient=to, about=what, attempts=2)) for kind, (to, what) in about.items()}
    found |= security_emails_of(owner, now)
    sent = test_email.compose(OPS, owner.username)
    found["test"] = Content(str(sent.subject), str(sent.body), str(sent.alternatives[0][0]))
    return found | {f"digest of {count}": digest(owner, count) for count in (1, 3)}


def security_emails_of(owner: User, now: datetime) -> dict[str, Content]:
    """One of each kind, with the most that it says."""
    actor = Actor(owner, None, "2001:db8:1234:5678:9abc:def0:1234:5678", "Mozilla/5.0 (Windows NT 10.0) Firefox/133.0")
    facts = [("Change", "Added: passkey " + "x" * 60), ("From", f"old.{owner.email}")]
    kinds = [security_emails.SECOND_FACTOR, security_emails.EMAIL_CHANGED, security_emails.SIGN_IN_METHOD, NEW_DEVICE, SESSION_ENDED]
    return {kind.name: rendered(security_emails.queue(kind, owner, actor, now, *facts)[0]) for kind in kinds}


def digest(owner: User, count: int, prefix: str = "") -> Content:
    """The digest of that many tokens of `owner`: the first expires today, the next tomorrow, and so on. `prefix`: what
    their names begin with."""
    now = timezone.now()
    if not config.get("token_expiration_emails"):
        config.add("token_expiration_days", "300", None)
        config.add("token_expiration_emails", OPS, None)
    Token.objects.filter(kind="permanent").delete()
    tokens = many_ending((number % 30 for number in range(count)), owner, now)
    Token.objects.update(last_used_at=now - timedelta(days=1), name=Concat(Value(prefix), F("name")))
    message = Message.objects.create(
        kind=DIGEST, recipient=OPS, attempts=1, created_at=now, next_attempt_at=now, message_id=f"<{count}.{owner.pk}@example.com>"
    )
    Notice.objects.bulk_create([Notice(token=each, threshold=300, address=OPS, created_at=now, message=message) for each in tokens])
    return rendered(message)


def rendered(message: Message) -> Content:
    content = renderers.render(message, timezone.now())
    assert content, message.kind
    return content
