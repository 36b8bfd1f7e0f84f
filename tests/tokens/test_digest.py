"""The digest mail, text and HTML: what it says of each token, and that a name is never carried out."""

import re
from html import unescape

import pytest
import time_machine
from django.db.models import Count
from pytest_django import Settings

from tests.clock import DAY, NOW
from tests.factories import AdministratorFactory, UserFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tests.tokens.scans import OPS, Sent, configure, deliver, ending, many_ending, scan
from tokens.dates import ends
from tokens.models import Notice, Token

RUNS_ON = "sqlite"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_utc")]


@pytest.fixture(autouse=True)
def _configured(settings: Settings) -> None:
    settings.PORTAL_URL = "https://portal.example.com"
    configure("15", OPS)


@pytest.fixture
def as_administrator() -> Visitor:
    with time_machine.travel(NOW, tick=False):
        return Visitor(AdministratorFactory())


def digest() -> Sent:
    scan()
    (mail,) = deliver()
    return mail


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_the_text_says_everything_about_a_token() -> None:
    ending(5, name="deploy", user__username="robot", last_four="5CEQ", last_used_at=NOW - 3 * DAY)
    text = digest().text
    assert "deploy (tpp_…5CEQ) of robot\n" in text
    assert "  expires:   2026-11-26 23:59 UTC, in 5 days\n" in text
    assert "  last used: 2026-11-18\n" in text
    assert f"  https://portal.example.com/tokens/{Token.objects.get().pk}/\n" in text
    assert text.rstrip().endswith("\n\nToken Portal, https://portal.example.com")


def test_the_html_says_the_same() -> None:
    ending(5, name="deploy", user__username="robot", last_four="5CEQ", last_used_at=NOW - 3 * DAY)
    html = digest().html
    assert "deploy tpp_…5CEQ of robot in 5 days 2026-11-26 23:59 UTC Last used: 2026-11-18" in words(html)
    assert f'<a href="https://portal.example.com/tokens/{Token.objects.get().pk}/"><bdi>deploy</bdi></a>' in html


def test_a_token_that_was_never_used_says_so() -> None:
    ending(5, name="deploy")
    email = digest()
    assert "last used: never" in email.text
    assert "never" in words(email.html)


@pytest.mark.parametrize(("days", "line"), [(2, "in 2 days"), (1, "tomorrow"), (0, "today")])
def test_the_last_days_are_called_today_and_tomorrow(days: int, line: str) -> None:
    ending(days)
    assert f"UTC, {line}\n" in digest().text


@pytest.mark.parametrize(("days", "when"), [(5, "in 5 days"), (1, "tomorrow"), (0, "today")])
def test_the_subject_of_one_token_names_it_its_owner_and_its_days(days: int, when: str) -> None:
    ending(days, name="deploy", user__username="robot")
    assert digest().subject == f"API token deploy of robot expires {when}"


def test_a_token_that_ended_before_its_mail_was_sent_is_told_of_as_expired() -> None:
    token = ending(1, name="deploy", user__username="robot")
    scan()
    (email,) = deliver(NOW + 2 * DAY)
    assert email.subject == "API token deploy of robot has expired"
    assert f"  expired:   {ends(token.expires_at)}\n" in email.text
    assert f"expired {ends(token.expires_at)} Last used: never" in words(email.html)


def test_the_days_are_counted_when_it_is_sent() -> None:
    ending(5)
    scan()
    (email,) = deliver(NOW + 2 * DAY)
    assert "UTC, in 3 days\n" in email.text


def test_the_subject_of_several_counts_them() -> None:
    ending(5)
    ending(6)
    assert digest().subject == "2 API tokens expire soon"


def test_the_tokens_stand_in_the_order_of_their_end() -> None:
    for days in (9, 3, 6):
        ending(days, name=f"token{days}")
    email = digest()
    for part in (email.text, email.html):
        assert re.findall(r"token\d", words(part)) == ["token3", "token6", "token9"]


def test_times_are_in_the_portals_zone_and_say_so(settings: Settings) -> None:
    settings.TIME_ZONE = "America/Sao_Paulo"
    ending(5)
    email = digest()
    for part in (email.text, email.html):
        assert "2026-11-26 23:59 -03" in part


def test_of_2012_tokens_the_200_soonest_are_listed_and_the_others_counted_with_a_link_to_all_of_them(as_administrator: Visitor) -> None:
    many_ending([14 - number % 15 for number in range(2012)], UserFactory())
    ending(16, name="t99999")
    email = digest()
    assert email.subject == "2,012 API tokens expire soon"
    soonest = [token.name for token in Token.objects.permanent().order_by("expires_at", "name")[:200]]
    for part in (email.text, email.html):
        assert re.findall(r"t\d{5}", part) == soonest
        assert "and 1,812 more" in words(part)
    link = re.search(r"and 1,812 more: (\S+)$", email.text, re.MULTILINE)[1]
    assert f'<a href="{link}">and 1,812 more</a>: 1,812 of ' in unescape(email.html)
    assert link.startswith("https://portal.example.com/tokens/?")
    with time_machine.travel(NOW, tick=False):
        page = Page(as_administrator.get(link.removeprefix("https://portal.example.com"), follow=True))
    assert page.total == 2012
    assert page.column("Token Name")[0] in soonest


def test_the_list_is_shared_among_owners_and_what_it_leaves_out_is_counted_by_owner() -> None:
    flood, other = UserFactory(username="flood@example.com"), UserFactory(username="other@example.com")
    many_ending([1] * 260, flood)
    ending(3, user=other, name="theirs")
    email = digest()
    assert "theirs (tpp_…" in email.text
    assert "and 61 more" in email.text
    assert "61 of flood@example.com" in words(email.html)
    assert dict(Notice.objects.values_list("named").annotate(Count("pk"))) == {True: 200, False: 61}
    assert Notice.objects.get(token__name="theirs").named


def test_200_tokens_are_all_listed_and_nothing_more_is_said() -> None:
    for number in range(200):
        ending(5, name=f"name{number:03}")
    email = digest()
    assert "more" not in email.text.replace("name", "")
    assert email.text.count("UTC, in 5 days") == 200


@pytest.mark.parametrize(
    "name", ["{% debug %}", "{{ x }}", "{{ portal_url }}", "{% include 'base.html' %}", "a & b", "\"quoted\" 'name'", "{# no #}"]
)
def test_a_name_comes_out_as_it_is_in_text_html_and_subject(name: str) -> None:
    ending(5, name=name, user__username="robot", user__display_name=name)
    email = digest()
    assert f"{name} (tpp_…" in email.text
    assert name in words(email.html)
    assert email.subject == f"API token {name} of robot expires in 5 days"


def test_markup_in_a_name_that_was_stored_in_some_way_is_no_markup_in_the_mail() -> None:
    ending(5, name="<script>alert(1)</script><img src=x>")
    email = digest()
    assert "<script>alert(1)</script><img src=x> (tpp_…" in email.text
    assert "<script" not in email.html
    assert "<img" not in email.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in email.html
