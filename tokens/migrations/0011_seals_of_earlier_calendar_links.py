"""Seals each calendar link that works. A link that the previous release did not accept any more is left without a seal, and so does not
begin to work again."""

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
    """The digest of the link's secret, as the previous release derived it: 32 characters of base62 from an HMAC."""
    own_key = hashlib.sha256(b"tokens.calendar:" + key.encode()).digest()
    number = int.from_bytes(hmac.digest(own_key, f"{link_id}:{stamp}".encode(), "sha256"))
    text = ""
    for _ in range(32):
        number, digit = divmod(number, 62)
        text = ALPHABET[digit] + text
    return hashlib.sha256(text.encode()).digest()


def seal(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    for link in apps.get_model("tokens", "CalendarLink").objects.filter(seal="").select_related("user"):
        stamp = link.user.session_stamp
        if bytes(link.digest) in [digest_under(key, link.pk, stamp) for key in keys]:
            value = f"{bytes(link.digest).hex()}:{stamp}"
            link.seal = salted_hmac("tokens.calendar.seal", value, algorithm="sha256").hexdigest()  # tokens.calendar.seal
            link.save(update_fields=["seal"])


class Migration(migrations.Migration):
    dependencies = [("tokens", "0010_calendar_link_seal"), ("users", "0001_initial")]
    operations = [migrations.RunPython(seal, migrations.RunPython.noop)]
