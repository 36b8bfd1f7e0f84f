"""Each check of an ID token (OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725)."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from portal.env.providers import OidcProvider
from portal.sso import discovery, id_token
from tests.sso.provider import CLIENT_ID, KEYS, Provider, jwt

ISSUER, NONCE, HOUR = "https://login.example.com", "of this sign-in", 3600
CONFIG = OidcProvider(id="acme", name="Acme", issuer=ISSUER, client_id=CLIENT_ID)


@pytest.fixture(autouse=True)
def published(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The keys that the provider has."""
    keys: list[Any] = [KEYS[0]]
    monkeypatch.setattr(discovery, "keys", lambda provider, again=False: [key.as_dict(private=False) for key in keys])
    return keys


def claims(**values: Any) -> dict[str, Any]:
    now = int(time.time())
    valid = {"iss": ISSUER, "sub": "u-1", "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": NONCE} | values
    return {name: value for name, value in valid.items() if value is not None}


def signed(content: dict[str, Any], key: Any = KEYS[0], algorithm: str = "RS256", **header: Any) -> str:
    return jwt.encode({"alg": algorithm, "kid": key.kid} | header, content, key, algorithms=[algorithm])


def verify(token: Any) -> dict[str, Any]:
    return id_token.verify(token, CONFIG, NONCE, time.time())


WRONG: dict[str, Callable[[], dict[str, Any]]] = {
    "issuer": lambda: {"iss": "https://other.example.com"},
    "issuer with a slash": lambda: {"iss": f"{ISSUER}/"},
    "no issuer": lambda: {"iss": None},
    "audience": lambda: {"aud": "another client"},
    "no audience": lambda: {"aud": None},
    "several audiences": lambda: {"aud": [CLIENT_ID, "another client"]},
    "authorised party": lambda: {"azp": "another client"},
    "nonce": lambda: {"nonce": "of another sign-in"},
    "no nonce": lambda: {"nonce": None},
    "nonce of another type": lambda: {"nonce": [NONCE]},
    "expired": lambda: {"exp": int(time.time()) - 120},
    "no end": lambda: {"exp": None},
    "issued long ago": lambda: {"iat": int(time.time()) - HOUR},
    "issued in the future": lambda: {"iat": int(time.time()) + HOUR},
    "no time of issue": lambda: {"iat": None},
    "not valid yet": lambda: {"nbf": int(time.time()) + HOUR},
    "empty subject": lambda: {"sub": ""},
    "subject with a NUL": lambda: {"sub": "a\0b"},
    "subject that is too long": lambda: {"sub": "a" * 192},
    "no subject": lambda: {"sub": None},
    "subject of another type": lambda: {"sub": 7},
}


def test_a_valid_token_gives_its_claims() -> None:
    assert verify(signed(claims()))["sub"] == "u-1"


def test_several_audiences_need_the_client_as_authorised_party() -> None:
    assert verify(signed(claims(aud=[CLIENT_ID, "an api"], azp=CLIENT_ID)))


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_claim_is_rejected(what: str) -> None:
    with pytest.raises(id_token.InvalidIdToken):
        verify(signed(claims(**WRONG[what]())))


@pytest.mark.parametrize("token", [None, 7, "", "a.b.c", "x" * 100_000, b"\xff", ["a"], {}])
def test_what_is_no_token_is_rejected(token: Any) -> None:
    with pytest.raises(id_token.InvalidIdToken):
        verify(token)


@pytest.mark.parametrize("how", [Provider.unsigned, Provider.signed_by_secret])
def test_only_signatures_by_public_keys_count(how: Callable[..., str]) -> None:
    provider = Provider.__new__(Provider)
    provider.key = KEYS[0]
    with pytest.raises(id_token.InvalidIdToken):
        verify(how(provider, claims()))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ECKey.generate_key("P-256", {"kid": "ec"}), "ES256"),
        (OKPKey.generate_key("Ed25519", {"kid": "okp"}), "EdDSA"),
        (RSAKey.import_key(KEYS[0].as_dict(private=True) | {"kid": "pss", "alg": "PS256"}), "PS256"),
    ],
)
def test_other_algorithms_with_public_keys_are_known(key: Any, algorithm: str, published: list[Any]) -> None:
    published.append(key)
    assert verify(signed(claims(), key, algorithm))


def test_a_published_secret_is_no_key(published: list[Any]) -> None:
    secret = OctKey.generate_key(256, {"kid": "oct"})
    published.append(secret)
    with pytest.raises(id_token.InvalidIdToken):
        verify(signed(claims(), secret, "HS256"))


def test_a_key_for_another_algorithm_or_use_is_not_taken(published: list[Any]) -> None:
    with pytest.raises(id_token.InvalidIdToken):
        verify(signed(claims(), RSAKey.import_key(KEYS[0].as_dict(private=True) | {"alg": "PS256"}), "PS256"))
    published[:] = [RSAKey.import_key(KEYS[0].as_dict(private=True) | {"use": "enc"})]
    with pytest.raises(id_token.InvalidIdToken):
        verify(signed(claims()))


def test_without_a_key_s_name_the_only_key_counts(published: list[Any]) -> None:
    anonymous = jwt.encode({"alg": "RS256"}, claims(), KEYS[0])
    assert verify(anonymous)
    published.append(KEYS[1])
    with pytest.raises(id_token.InvalidIdToken):
        verify(anonymous)


def test_an_embedded_key_is_not_used() -> None:
    with pytest.raises(id_token.InvalidIdToken):
        verify(signed(claims(), KEYS[1], jwk=KEYS[1].as_dict(private=False), kid="first"))
