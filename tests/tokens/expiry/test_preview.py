"""The preview of a change of Config: it says what the scan after the change does, and leaves no trace."""

from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

import settings_app.services as config
from portal.core.errors import ServiceError
from portal.notifications.models import Message
from settings_app.models import Config
from tests.clock import NOW
from tests.factories import ServiceFactory, UserFactory
from tests.notifications.rejecting import RejectingServer, before_last_attempt
from tests.tokens.scans import OPS, SECURITY, configure, deliver, ending, scan
from tokens.expiry.preview import Preview, preview
from tokens.models import ScanRun

pytestmark = pytest.mark.django_db
DAYS, EMAILS, OWNERS = "token_expiration_days", "token_expiration_emails", "notify_token_owners"


@pytest.fixture
def tokens() -> None:
    """Tokens of a person and of a service account, some of which are due at 7 days and all at 300."""
    robot = ServiceFactory()
    ana = UserFactory(email="ana@example.com")
    for days in (0, 3, 7, 8, 20, 100, 250):
        ending(days, name=f"a{days}", user=ana)
        ending(days, name=f"r{days}", user=robot)
    ending(-1, name="over", user=ana)


def everything() -> dict[str, list[dict[str, Any]]]:
    return {model._meta.label: list(model.objects.order_by("pk").values()) for model in apps.get_models()}


BEFORE = [("", "", False), ("7", OPS, False), ("30;7;1", f"{OPS};{SECURITY}", True), ("7", "", True)]
CHANGES = [
    (DAYS, "300"),
    (DAYS, "30; 7 ;1"),
    (DAYS, "1"),
    (DAYS, None),
    (EMAILS, OPS),
    (EMAILS, f"{SECURITY};new@example.com;ANA@example.com"),
    (EMAILS, None),
    (OWNERS, "true"),
    (OWNERS, "false"),
    (OWNERS, None),
]


@pytest.mark.parametrize("before", BEFORE, ids=str)
@pytest.mark.parametrize(("key", "text"), CHANGES)
def test_it_says_what_the_next_scan_does_and_writes_nothing(
    key: str,
    text: str | None,
    before: tuple[str, str, bool],
    tokens: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    configure(*before)
    scan()
    rows = everything()
    with django_capture_on_commit_callbacks() as asked:
        found = preview(key, text, NOW)
    assert everything() == rows
    assert asked == []
    Config.objects.filter(key=key).delete()
    if text:
        config.add(key, text, None)
    run = scan()
    addresses = sorted(Message.objects.filter(about__scan=run.pk).values_list("recipient", flat=True))
    assert found == Preview(run.raised, run.cleared, run.queued, addresses)


def test_it_tells_numbers_that_are_not_all_nought(tokens: None) -> None:
    configure("30;7;1", OPS)
    scan()
    assert preview(EMAILS, f"{OPS};{SECURITY}", NOW) == Preview(0, 0, 1, [SECURITY])
    assert preview(DAYS, "300", NOW) == Preview(4, 0, 1, [OPS])
    assert preview(DAYS, "7", NOW) == Preview(0, 4, 0, [])
    assert preview(OWNERS, "true", NOW) == Preview(0, 0, 1, ["ana@example.com"])


def test_what_was_given_up_counts_since_the_scan_tells_it_anew(monkeypatch: pytest.MonkeyPatch, tokens: None) -> None:
    configure("7", OPS)
    scan()
    RejectingServer(monkeypatch).addresses = {OPS}
    before_last_attempt()
    deliver()
    assert preview(DAYS, "7", NOW) == Preview(0, 0, 1, [OPS])


def test_it_names_ten_addresses_and_counts_all(tokens: None) -> None:
    configure("7")
    addresses = [f"a{number:02}@example.com" for number in range(13)]
    found = preview(EMAILS, ";".join(reversed(addresses)), NOW)
    assert (found.emails, found.recipients) == (13, addresses[:10])


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        (DAYS, "soon", "'soon' is not a whole number of days"),
        (DAYS, "400", "'400' is not a whole number of days"),
        (DAYS, " ", "Enter a value."),
        (EMAILS, "nobody", "'nobody' is not an email address."),
        (OWNERS, "perhaps", "must be true or false"),
        ("no_such_key", "1", "Choose one of the keys."),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_words(key: str, text: str, said: str, tokens: None) -> None:
    configure("7", OPS)
    rows = everything()
    with pytest.raises(ServiceError, match=said):
        preview(key, text, NOW)
    assert everything() == rows


def test_a_scan_that_is_at_work_does_not_hinder_it(tokens: None) -> None:
    configure("7", OPS)
    ScanRun.objects.create(triggered_by="schedule", started_at=NOW)
    assert preview(DAYS, "7", NOW) == Preview(6, 0, 1, [OPS])


def test_it_can_be_asked_within_a_transaction_which_it_leaves_as_it_is(tokens: None) -> None:
    with transaction.atomic():
        configure("7", OPS)
        preview(DAYS, "300", NOW)
        scan()
    assert config.get(DAYS) == (7,)
    assert Message.objects.get().recipient == OPS
