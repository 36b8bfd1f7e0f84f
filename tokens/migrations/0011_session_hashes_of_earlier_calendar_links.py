"""Gives each calendar link that works its owner's session hash. A link that the former release did not accept any more is left without
one, and so does not begin to work again."""

import hashlib
import hmac
import string

from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.utils.crypto import salted_hmac

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def digest_under(key: str, link_id: object, stamp: str) -> bytes:
    """The digest of the link's secret, as the former release derived it: 32 characters of base62 from an HMAC."""
    own_key = hashlib.sha256(b"tokens.calendar:" + key.encode()).digest()
    number = int.from_bytes(hmac.digest(own_key, f"{link_id}:{stamp}".encode(), "sha256"))
    text = ""
    for _ in range(32):
        number, digit = divmod(number, 62)
        text = ALPHABET[digit] + text
    return hashlib.sha256(text.encode()).digest()


def tie(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    for link in apps.get_model("tokens", "CalendarLink").objects.filter(session_hash="").select_related("user"):
        user = link.user
        if bytes(link.digest) in [digest_under(key, link.pk, user.session_stamp) for key in keys]:
            value = user.password + user.session_stamp
            link.session_hash = salted_hmac("portal.users.session", value, algorithm="sha256").hexdigest()  # User._get_session_auth_hash
            link.save(update_fields=["session_hash"])


class Migration(migrations.Migration):
    dependencies = [("tokens", "0010_calendar_links_by_session"), ("users", "0001_initial")]
    operations = [migrations.RunPython(tie, migrations.RunPython.noop)]
