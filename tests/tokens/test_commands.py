"""The commands for operators and automation: what each prints, where, and how it says no."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from portal.audit.models import Entry
from tests.checks import verification_result
from tests.clock import DAY, MINUTE, NOW
from tests.factories import TokenFactory, UserFactory, issue
from tests.tokens.scans import OPS, configure, ending
from tokens import token_format
from tokens.models import ScanRun, Token
from tokens.verification.verify import RejectionReason

pytestmark = pytest.mark.django_db


def run(*words: str) -> tuple[str, str]:
    """What the command prints on stdout and on stderr."""
    out, error = StringIO(), StringIO()
    call_command(*words, stdout=out, stderr=error, no_color=True)
    return out.getvalue(), error.getvalue()


def refused(*words: str) -> str:
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command(*words, stdout=out)
    assert out.getvalue() == ""
    return str(error.value)


def test_issue_token_prints_the_token_alone_on_stdout() -> None:
    owner = UserFactory(username="robot")
    out, error = run("issue_token", "robot", "nightly build")
    assert out.endswith("\n")
    token = verification_result(out[:-1], timezone.now())
    assert (token.user, token.name, token.created_by) == (owner, "nightly build", None)
    assert error.startswith(f"Token {token.pk} of robot, valid until ")
    assert out.strip() not in error


@pytest.mark.usefixtures("in_utc")
def test_issue_token_takes_an_expiry_date() -> None:
    UserFactory(username="robot")
    day = timezone.localdate() + 10 * DAY
    _, error = run("issue_token", "robot", "nightly build", "--expires", str(day))
    assert Token.objects.get().last_moment.date() == day
    assert error.endswith(f"valid until {day} 23:59 UTC\n")


@pytest.mark.usefixtures("running_clock")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nobody", "x"), "There is no user named nobody."),
        (("robot", " "), "Enter a name that says what the token is for."),
        (("robot", "a\nb"), "Name can't contain line breaks or invisible characters."),
        (("robot", "deploy"), "robot already has an active token named deploy."),
        (("robot", "x", "--expires", "tomorrow"), "--expires: 'tomorrow' is not a date. Write it as YYYY-MM-DD."),
        (("robot", "x", "--expires", "2026-02-30"), "--expires: '2026-02-30' is not a date. Write it as YYYY-MM-DD."),
        (("gone", "x"), "There is no user named gone."),
        (("away", "x"), "away is inactive and can't get a token."),
    ],
)
def test_issue_token_says_why_it_makes_none(words: tuple[str, ...], message: str) -> None:
    issue(UserFactory(username="robot"), "deploy")
    UserFactory(username="gone", is_active=False, deleted_at=NOW)
    UserFactory(username="away", is_active=False)
    assert refused("issue_token", *words) == message
    assert Token.objects.count() == 1


def test_issue_token_refuses_today_as_expiry_date() -> None:
    UserFactory(username="robot")
    today = timezone.localdate()
    assert refused("issue_token", "robot", "x", "--expires", str(today)) == f"Expiry date must be later than today ({today})."


def test_revoke_token_ends_the_token_and_names_it() -> None:
    token, text = issue(UserFactory(username="robot"), "deploy")
    assert run("revoke_token", str(token.pk)) == (f"{token} of robot has been revoked.\n", "")
    assert verification_result(text, timezone.now()) is RejectionReason.REVOKED
    assert Entry.objects.filter(target_id=str(token.pk), actor=None).count() == 2


def test_revoke_token_says_when_it_was_revoked_before() -> None:
    token = TokenFactory(revoked_at=NOW)
    assert refused("revoke_token", str(token.pk)) == f"{token} has already been revoked."


@pytest.mark.parametrize(
    "given", ["7b0e2a9e-6d0f-4a4e-9d6c-0d2d6a1e8a11", "1", "", "x" * 5000, "' OR 1=1", token_format.with_checksum("tpp_" + "aB" * 16)]
)
def test_revoke_token_knows_no_other_id_and_repeats_nothing_that_was_typed(given: str) -> None:
    TokenFactory()
    assert refused("revoke_token", given) == "There is no token with this ID."
    assert not Token.objects.exclude(revoked_at=None).exists()


def test_scan_tokens_prints_one_line_of_what_it_did() -> None:
    configure("15", OPS)
    ending(5, now=timezone.now())
    assert run("scan_tokens") == ("1 due, 1 faults raised, 0 cleared, 1 emails queued\n", "")
    assert ScanRun.objects.get().triggered_by == "command"


def test_scan_tokens_says_that_another_scan_is_at_work() -> None:
    ScanRun.objects.create(triggered_by="schedule", started_at=NOW, lease_until=timezone.now() + MINUTE)
    assert run("scan_tokens") == ("A scan is running. Another one follows when it is done.\n", "")
    assert ScanRun.objects.get().again_by == "command"


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-11-21T09:30:00+00:00", "UTC", NOW),
        ("2026-11-21T09:30:00Z", "UTC", NOW),
        ("2026-11-21 09:30", "UTC", NOW),
        ("2026-11-21T10:30:00", "Europe/Berlin", NOW),
        ("2026-11-21T11:30:00+02:00", "Europe/Berlin", NOW),
        ("2026-11-21", "UTC", datetime(2026, 11, 21, tzinfo=UTC)),
    ],
)
def test_scan_tokens_looks_as_of_another_time(text: str, zone: str, instant: datetime, settings: Settings) -> None:
    configure("15")
    ending(5, name="deploy")
    settings.TIME_ZONE = zone
    out, _ = run("scan_tokens", "--now", text)
    assert out.startswith("1 due, ")
    assert ScanRun.objects.get().started_at == instant


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30T09:00:00", "2026-13-01", "25:00", "1e9"])
def test_scan_tokens_refuses_a_time_that_is_none(text: str) -> None:
    assert refused("scan_tokens", "--now", text) == f"--now: '{text}' is not a time such as 2026-11-21T09:00:00+00:00."
    assert not ScanRun.objects.exists()


@pytest.mark.parametrize("words", [("issue_token",), ("issue_token", "robot"), ("revoke_token",), ("scan_tokens", "--often")])
def test_a_command_with_words_missing_or_too_many_says_so(words: Any) -> None:
    assert refused(*words).startswith("Error: ")
