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
