"""What is derived from SECRET_KEY: the values that the release before this one derived, so that nothing of it stops working."""

import uuid

import pytest
from pytest_django import Settings

from portal.core.derived_secrets import derive, secret_keys
from portal.second_factor import encryption
from portal.users import throttle
from portal.users.models import User
from tokens import sessions, token_format
from tokens.calendar import links
from tokens.cli_login import device
from tokens.models import CalendarLink

KEY = "key"
ENCRYPTED = "gAAAAABrCuFIic6mcd6We-Q1VpFbIlOev9owWnGnyIIwUBsiof94Jq8KWOXhcLam-f4PtgyaydrcbNPucN1Y26BK8YueiiBR9T4jz9miZFASi5XM2FPMSv4="


@pytest.fixture
def link() -> CalendarLink:
    return CalendarLink(pk=uuid.UUID(int=1), user=User(password="hash", session_stamp="stamp"))


def test_temporary_tokens_keep_their_text() -> None:
    assert sessions.derive(KEY, "id") == "tpt_oub1lFTdRFOon7zB2G3LmDDR5FcsP5aM20XDKl"


def test_calendar_links_keep_their_address(link: CalendarLink) -> None:
    assert links.derive(KEY, link) == "4wbMHR6Vn4kFr5H6TXXWvWw45VUIohat"


def test_calendar_links_keep_their_seal(link: CalendarLink) -> None:
    link.digest = token_format.digest(links.derive(KEY, link))
    assert links.seal(KEY, link) == "0e95cb257493f21a562e474db7f2b3ebf54e66cd16891fb02d039bb234acb769"


def test_user_codes_keep_their_hash(settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [KEY]
    assert device.hashes("bcdf-ghjk")[1].hex() == "5b2f7d7db6750c22d44dce84793675456740693753cc688630ac60cfa806615e"


def test_secrets_of_second_factors_can_still_be_read(settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [KEY]
    assert encryption.decrypt(ENCRYPTED) == "JBSWY3DPEHPK3PXP"


def test_sessions_and_limits_keep_their_hashes(link: CalendarLink, settings: Settings) -> None:
    settings.SECRET_KEY = KEY
    assert link.user.get_session_auth_hash() == "7c025fc87f8c4e07ee759ce0f99df1f40c1c3732a6aa6141855084fdbbb0e6fe"
    hashed = throttle.key_of(throttle.SIGN_IN_FORMS, "192.0.2.7")
    assert hashed == "7d7e134d728bcc76597f7b4140e3db095f40b0f507441dffa21ea04a53aac47f"


def test_each_purpose_key_and_value_has_a_secret_of_its_own() -> None:
    found = [derive(*each) for each in [("a", "b", "c"), ("x", "b", "c"), ("a", "x", "c"), ("a", "b", "x")]]
    assert len(set(found)) == 4
    assert {len(each) for each in found} == {32}


def test_former_keys_come_after_the_present_one(settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["former"]
    assert secret_keys() == ["new", "former"]
