"""The providers of the settings."""

from django.conf import settings

from portal.env.providers import OidcProvider, SamlProvider


def are_configured() -> bool:
    return bool(settings.SIGN_IN_PROVIDERS)


def oidc(provider_id: str) -> OidcProvider | None:
    """The provider of OpenID Connect that has this name."""
    found = settings.SIGN_IN_PROVIDERS.get(provider_id)
    return found if isinstance(found, OidcProvider) else None


def saml(provider_id: str) -> SamlProvider | None:
    """The identity provider of SAML that has this name."""
    found = settings.SIGN_IN_PROVIDERS.get(provider_id)
    return found if isinstance(found, SamlProvider) else None
