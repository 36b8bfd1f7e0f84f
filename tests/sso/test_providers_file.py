"""The file that SIGN_IN_PROVIDERS names: what is in it arrives, and what is wrong with it is named without its values."""

from pathlib import Path

import pytest

from portal.env import providers
from portal.env.providers import ProviderError

EXAMPLE = Path(__file__).with_name("providers.toml")
MINIMUM = 'name = "Acme"\nissuer = "https://login.example.com"\nclient_id = "portal"\n'


def loaded(folder: Path, text: str) -> dict[str, providers.OidcProvider]:
    file = folder / "providers.toml"
    file.write_text(text)
    return providers.load(file)


def test_providers_arrive_in_their_order_with_defaults() -> None:
    entra, google = providers.load(EXAMPLE).values()
    assert (entra.id, entra.name, entra.trust_email, entra.groups_claim) == ("entra", "Entra ID", True, "groups")
    assert entra.scopes == ("openid", "profile", "email")
    assert (google.groups_claim, google.email_domains) == ("", ("example.com",))
    assert "secret" not in repr(entra)


def test_a_secret_can_be_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    found = loaded(tmp_path, f'[acme]\n{MINIMUM}client_secret_file = "secret"')
    assert found["acme"].client_secret == "s3cret"


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8080/realms/acme", "http://localhost", "https://login.example.com/a/b"])
def test_an_issuer_is_https_or_on_this_machine(issuer: str, tmp_path: Path) -> None:
    text = MINIMUM.replace("https://login.example.com", issuer)
    assert loaded(tmp_path, f"[acme]\n{text}")["acme"].issuer == issuer


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no provider"),
        ("[acme", "no TOML file"),
        ('acme = "hunter2"', "table"),
        (f"[ACME]\n{MINIMUM}", "lower-case"),
        ('[acme]\nname = "Acme"', "no issuer"),
        (f'[acme]\n{MINIMUM}issuers = "hunter2"', "unknown issuers"),
        (f'[acme]\n{MINIMUM}trust_email = "hunter2"', "trust_email"),
        (f'[acme]\n{MINIMUM}scopes = ["email"]', "scopes"),
        (f'[acme]\n{MINIMUM}client_secret_file = "nowhere"', "cannot read"),
        (f'[acme]\n{MINIMUM}client_secret = "hunter2"\nclient_secret_file = "nowhere"', "both"),
        *(
            ("[acme]\n" + MINIMUM.replace("https://login.example.com", issuer), "issuer")
            for issuer in (
                "http://login.example.com",
                "ftp://a.example",
                "https://",
                "https://a:b@c.example",
                "https://[",
                "https://a.example?b",
            )
        ),
    ],
)
def test_what_is_wrong_is_named_without_its_value(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match=problem) as error:
        loaded(tmp_path, text)
    assert "hunter2" not in str(error.value)
