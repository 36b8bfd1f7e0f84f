"""What is taken from claims, whatever a provider puts into them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from portal.env.providers import OidcProvider
from portal.sso import claims

ACME = OidcProvider(id="acme", name="Acme", issuer="https://login.example.com", client_id="portal")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = ("email", "email_verified", "name", "groups", "realm_access", "roles")


@examples(max_examples=40)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES), st.sampled_from(["groups", "realm_access.roles", "roles", ""]), st.booleans())
def test_any_claims_give_an_identity_of_plain_texts(found: dict[str, Any], path: str, trust: bool) -> None:
    provider = OidcProvider(**{**vars(ACME), "groups_claim": path, "trust_email": trust})
    identity = claims.identity(provider, {"sub": "u-1", **found})
    assert all(isinstance(text, str) for text in (identity.email, identity.name, *(identity.groups or ())))
    assert (identity.groups is None) == (path == "")
    if identity.email:
        assert found["email"].strip().lower() == identity.email
        assert found.get("email_verified", trust) in (True, "true")


@pytest.mark.parametrize(
    ("path", "found", "names"),
    [
        ("groups", {"groups": ["a", "b", 3, ""]}, ("a", "b")),
        ("groups", {"groups": "one"}, ("one",)),
        ("groups", {}, ()),
        ("realm_access.roles", {"realm_access": {"roles": ["a"]}}, ("a",)),
        ("https://example.com/groups", {"https://example.com/groups": ["a"]}, ("a",)),
        ("", {"groups": ["a"]}, None),
    ],
)
def test_groups_are_found_by_their_claim(path: str, found: dict[str, Any], names: Any) -> None:
    assert claims.groups(OidcProvider(**{**vars(ACME), "groups_claim": path}), found) == names


@pytest.mark.parametrize(
    "email", ["", "ann", "ann@", "a\0@example.com", "ann@example.com\nb@example.com", "x" * 200 + "@example.com", 7, None]
)
def test_what_is_no_address_does_not_count(email: Any) -> None:
    assert claims.verified_email(ACME, {"email": email, "email_verified": True}) == ""


# With the sign of the kelvin and the long s, which become a k in lower case and an S in upper case.
@pytest.mark.parametrize("email", ["\u212aay@example.com", "kay@\u212aite.example", "\u017fam@example.com", "kay@k\u00e4se.example"])
def test_letters_that_look_like_others_make_nobody_else(email: str) -> None:
    assert claims.verified_email(ACME, {"email": email, "email_verified": True}) == ""


@pytest.mark.parametrize(
    ("trust", "verified", "counts"),
    [(False, True, False), (True, True, True), (True, None, True), (True, False, False), (True, "false", False)],
)
def test_email_verified_does_not_speak_of_another_claim(trust: bool, verified: Any, counts: bool) -> None:
    provider = OidcProvider(**{**vars(ACME), "email_claim": "preferred_username", "trust_email": trust})
    found = {"preferred_username": "ann@example.com"} | ({} if verified is None else {"email_verified": verified})
    assert bool(claims.verified_email(provider, found)) == counts
