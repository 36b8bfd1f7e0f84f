"""The digest mail, text and HTML: what it says of each token, and that a name is never carried out."""

import re
from html import unescape

import pytest
from post_office.models import Email
from pytest_django import Settings

from tests.clock import DAY, NOW
from tests.tokens.scans import OPS, configure, ending, scan

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _configured(settings: Settings) -> None:
    settings.PORTAL_URL = "https://portal.example.com"
    configure("15", OPS)


def digest() -> Email:
    scan()
    return Email.objects.get()


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_the_text_says_everything_about_a_token() -> None:
    ending(5, name="deploy", user__username="robot", last_four="5CEQ", last_used_at=NOW - 3 * DAY)
    text = digest().message
    assert "deploy (…5CEQ) of robot\n" in text
    assert "  expires:   2026-11-26 23:59 UTC, 5 days left\n" in text
    assert "  last used: 2026-11-18\n" in text
    assert "  https://portal.example.com/administrator/users/robot/tokens/?q=5CEQ\n" in text
    assert text.rstrip().endswith("\n\nToken Portal, https://portal.example.com")


def test_the_html_says_the_same() -> None:
    ending(5, name="deploy", user__username="robot", last_four="5CEQ", last_used_at=NOW - 3 * DAY)
    html = digest().html_message
    assert "deploy …5CEQ robot 2026-11-26 23:59 UTC 5 2026-11-18" in words(html)
    assert '<a href="https://portal.example.com/administrator/users/robot/tokens/?q=5CEQ">deploy</a>' in html


def test_a_token_that_was_never_used_says_so() -> None:
    ending(5, name="deploy")
    email = digest()
    assert "last used: never" in email.message
    assert "never" in words(email.html_message)


@pytest.mark.parametrize(("days", "line"), [(2, "2 days left"), (1, "1 day left"), (0, "0 days left")])
def test_one_day_is_not_called_days(days: int, line: str) -> None:
    ending(days)
    assert f"UTC, {line}\n" in digest().message


@pytest.mark.parametrize(("days", "when"), [(5, "in 5 days"), (1, "in 1 day"), (0, "today")])
def test_the_subject_of_one_token_names_it_its_owner_and_its_days(days: int, when: str) -> None:
    ending(days, name="deploy", user__username="robot")
    assert digest().subject == f"API token deploy of robot expires {when}"


def test_the_subject_of_several_counts_them() -> None:
    ending(5)
    ending(6)
    assert digest().subject == "2 API tokens expire soon"


def test_the_tokens_stand_in_the_order_of_their_end() -> None:
    for days in (9, 3, 6):
        ending(days, name=f"token{days}")
    email = digest()
    for part in (email.message, email.html_message):
        assert re.findall(r"token\d", words(part)) == ["token3", "token6", "token9"]


def test_times_are_in_the_portals_zone_and_say_so(settings: Settings) -> None:
    settings.TIME_ZONE = "America/Sao_Paulo"
    ending(5)
    email = digest()
    for part in (email.message, email.html_message):
        assert "2026-11-26 23:59 -03" in part


def test_of_201_tokens_200_are_listed_and_the_last_is_counted() -> None:
    for number in range(201):
        ending(5 if number else 9, name=f"name{number:03}")
    email = digest()
    assert email.subject == "201 API tokens expire soon"
    for part in (email.message, email.html_message):
        listed = re.findall(r"name\d\d\d", part)
        assert len(listed) == 200
        assert "name000" not in listed
        assert "and 1 more" in words(part)
        assert "https://portal.example.com/access-control/user-tokens/?status=expiring" in part


def test_200_tokens_are_all_listed_and_nothing_more_is_said() -> None:
    for number in range(200):
        ending(5, name=f"name{number:03}")
    email = digest()
    assert "more" not in email.message.replace("name", "")
    assert email.message.count("days left") == 200


@pytest.mark.parametrize(
    "name", ["{% debug %}", "{{ x }}", "{{ portal_url }}", "{% include 'base.html' %}", "a & b", "\"quoted\" 'name'", "{# no #}"]
)
def test_a_name_comes_out_as_it_is_in_text_html_and_subject(name: str) -> None:
    ending(5, name=name, user__username="robot", user__display_name=name)
    email = digest()
    message = email.email_message()
    assert f"{name} (…" in message.body
    assert name in words(message.alternatives[0][0])
    assert message.subject == f"API token {name} of robot expires in 5 days"


def test_markup_in_a_name_that_was_stored_in_some_way_is_no_markup_in_the_mail() -> None:
    ending(5, name="<script>alert(1)</script><img src=x>")
    email = digest()
    assert "<script>alert(1)</script><img src=x> (…" in email.message
    assert "<script" not in email.html_message
    assert "<img" not in email.html_message
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in email.html_message
