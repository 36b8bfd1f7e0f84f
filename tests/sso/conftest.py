from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from portal.env.providers import OidcProvider
from portal.sso import discovery
from tests.sso import provider as providers
from tests.sso.provider import CLIENT_ID, CLIENT_SECRET, Provider


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    discovery.forget()
    yield
    discovery.forget()


@pytest.fixture(scope="session")
def one_provider() -> Iterator[Provider]:
    with providers.running() as running:
        yield running


@pytest.fixture
def provider(one_provider: Provider, settings: Settings) -> Provider:
    """A running provider that the portal knows as `acme`, as it is before a test changes it."""
    one_provider.prepare()
    settings.SIGN_IN_PROVIDERS = {"acme": known(one_provider)}
    return one_provider


def known(provider: Provider, **values: Any) -> OidcProvider:
    """The portal's configuration of the provider."""
    given = {"id": "acme", "name": "Acme", "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return OidcProvider(**{**given, **values})
