"""What all emails have in common: a text and an HTML part that say the same, why the recipient gets them, and nothing remote."""

import re
from html import unescape

import pytest

from tests.factories import UserFactory
from tests.sample_emails import LONG_USERNAME, digest, every_email

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db
CLIPPED_AT = 102 * 1024  # bytes of HTML, from where Gmail shows no more


def links(html: str) -> set[str]:
    return set(re.findall(r'href="([^"]*)"', unescape(html)))


def test_every_email_says_the_same_in_text_and_html() -> None:
    for name, email in every_email(UserFactory(username="bob@example.com")).items():
        (reason,) = re.findall(r"You get this email because .*\.", email.text)
        assert reason in unescape(email.html), name
        assert {link for link in links(email.html) if link not in email.text} == set(), name
        facts = set(re.findall(r"\w+@[\w.]+\w|\d{4}-\d\d-\d\d|…\w{4}|in \d+ days|today|tomorrow", email.text))
        assert {fact for fact in facts if fact not in email.html} == set(), name


def test_no_email_fetches_anything_and_each_has_a_preheader_and_a_dark_mode() -> None:
    for name, email in every_email(UserFactory(username="bob@example.com")).items():
        assert not re.search(r"<img|<link|@import|url\(|src=", email.html), name
        assert re.search(r'<div style="display:none[^>]*>[^<\s][^<]{10,}</div>', email.html), name
        assert '<meta name="color-scheme" content="light dark">' in email.html, name
        assert "prefers-color-scheme: dark" in email.html, name


@pytest.mark.parametrize("username", ["bob@example.com", LONG_USERNAME])
def test_a_digest_of_200_tokens_is_not_clipped(username: str) -> None:
    user = UserFactory(username=username)
    html = digest(user, 200, prefix="n" * 94).html
    assert html.count("n" * 94) == 200
    assert len(html.encode()) < CLIPPED_AT
