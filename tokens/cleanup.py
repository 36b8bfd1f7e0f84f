"""What is deleted, and after how long. Permanent tokens and faults are kept, and audit entries for as long as Config says. And what is made
again under a new key."""

from datetime import datetime, timedelta

from django.core.management import call_command

from portal.audit import heads, pruning
from portal.notifications import services as notifications
from portal.sessions import activity
from portal.users import throttle
from settings_app import services as config
from tokens.calendar import links as calendar
from tokens.expiry.digest import DIGEST
from tokens.models import BulkRevocation, DeviceLogin, ScanRun, SignInCode, Token

KEPT_FOR = timedelta(days=90)


def clean_up(now: datetime) -> None:
    """Deletes ended sessions and sign-ins of programs, and temporary tokens, scan rows, bulk revocations and messages other than digests
    that ended 90 days ago."""
    call_command("clearsessions")
    activity.clean_up(now)
    SignInCode.objects.filter(expires_at__lt=now).delete()
    DeviceLogin.objects.filter(expires_at__lt=now).delete()
    Token.objects.filter(kind=Token.Kind.TEMPORARY, expires_at__lt=now - KEPT_FOR).delete()
    ScanRun.objects.filter(finished_at__lt=now - KEPT_FOR).delete()
    BulkRevocation.objects.filter(finished_at__lt=now - KEPT_FOR).delete()
    throttle.clean_up(now)
    notifications.purge(now, keep=[DIGEST])
    calendar.keep_all_up()
    heads.renew()
    pruning.prune(now, config.get("audit_days"))
