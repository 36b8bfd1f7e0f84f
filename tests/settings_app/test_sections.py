"""The page All settings: every key is in one section, and has a sentence for each of its values."""

import pytest

from settings_app import registry, sections
from settings_app.registry import KEYS

RUNS_ON = "sqlite"


def test_every_key_is_in_one_section_with_an_effect() -> None:
    assert sorted(name for section in sections.SECTIONS for name in section.keys) == sorted(KEYS)
    assert set(sections.EFFECTS) == set(KEYS)
    assert all(sections.effect(name, key.default).endswith(".") for name, key in KEYS.items())


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("token_expiration_days", (1,), "Faults are raised 1 day before expiry."),
        ("token_expiration_days", (30, 7, 1), "Faults are raised 30, 7 and 1 days before expiry."),
        ("token_expiration_days", (), "No faults are raised."),
        ("token_expiration_emails", ("a@x.org",), "1 address notified."),
        ("token_expiration_emails", ("a@x.org", "b@x.org"), "2 addresses notified."),
        ("token_lifetime_days", 1, "A new token lasts at most 1 day."),
        ("tokens_per_service_account", 1000, "A service account can have 1,000 active tokens."),
        ("session_minutes", 480, "A sign-in lasts 8 hours."),
        ("session_minutes", 90, "A sign-in lasts 90 minutes."),
        ("session_minutes", 43_200, "A sign-in lasts 30 days."),
        ("introspection_cache_seconds", 31, "Programs can keep a response for 31 seconds."),
        ("introspection_cache_seconds", 0, "Programs can keep a response until the token expires."),
        ("users_may_create_tokens", True, "All users can create tokens."),
    ],
)
def test_the_effect_of_a_value(key: str, value: object, sentence: str) -> None:
    assert sections.effect(key, value) == sentence


@pytest.mark.parametrize(
    ("key", "text", "bad"),
    [
        ("token_expiration_emails", "a@x.org;bob@;c@x.org; x", ["bob@", "x"]),
        ("token_expiration_emails", "a@x.org\nb@x.org;A@X.org", ["A@X.org"]),
        ("token_expiration_days", "30;0;7;366;x", ["0", "366", "x"]),
        ("token_expiration_days", "30;;7", []),
        ("token_expiration_days", "30;30", []),
    ],
)
def test_each_bad_part_of_a_list_has_its_error(key: str, text: str, bad: list[str]) -> None:
    found = registry.part_errors(KEYS[key], text)
    assert list(found) == bad
    assert all(f"'{part}'" in error for part, error in found.items())


@pytest.mark.parametrize(
    ("key", "value", "warns"),
    [
        ("duplo_clients", True, True),
        ("duplo_clients", False, False),
        ("introspection_cache_seconds", 0, True),
        ("introspection_cache_seconds", 30, False),
        ("session_minutes", 5, False),
    ],
)
def test_values_that_weaken_security_are_to_be_confirmed(key: str, value: object, warns: bool) -> None:
    assert bool(sections.caution(key, value)) is warns
