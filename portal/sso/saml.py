"""SAML 2.0: the request that the browser takes to the provider, and the response that it brings back (python3-saml, xmlsec).

Loaded only when somebody signs in by such a provider."""

from typing import Any

from allauth.socialaccount.internal import statekit
from django.http import HttpRequest
from django.urls import reverse
from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from portal.env.providers import SamlProvider
from portal.sso import claims
from portal.sso.claims import Identity

EMAIL = (
    *("email", "mail", "emailAddress", "urn:oid:0.9.2342.19200300.100.1.3"),
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
)
NAME = ("displayName", "name", "urn:oid:2.16.840.1.113730.3.1.241", "http://schemas.microsoft.com/identity/claims/displayname")
# A NameID of one of these is another one tomorrow, or somebody else's.
NO_SUBJECTS = (Constants.NAMEID_TRANSIENT, Constants.NAMEID_EMAIL_ADDRESS)
SUBJECT_DATA = "/saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData"
MOST_SUBJECT = 191  # characters that are stored


class InvalidResponse(Exception):
    """The response is not one that this provider issued for a sign-in here. The message is for the log."""


def begin(request: HttpRequest, provider: SamlProvider, process: str, next_url: str | None, data: Any) -> str:
    """Notes in the session what was begun. Returns the address at the provider."""
    asked = OneLogin_Saml2_Authn_Request(settings(request, provider))
    state = {"process": process, "data": data} | ({"next": next_url} if next_url else {})
    statekit.stash_state(request, provider_id=provider.id, state=state, state_id=asked.get_id())
    return OneLogin_Saml2_Utils.redirect(provider.sso_url, {"SAMLRequest": asked.get_request()}, about(request))


def verify(request: HttpRequest, provider: SamlProvider, text: str) -> tuple[Identity, str]:
    """`text`: the response as the browser posts it. Returns the identity and the ID of the request that it answers.
    Raises InvalidResponse."""
    try:
        response = OneLogin_Saml2_Response(settings(request, provider), text)
        response.is_valid(about(request), raise_exceptions=True)
        return identity(provider, response), request_id(response)
    except InvalidResponse:
        raise
    except Exception as error:  # python3-saml, lxml and xmlsec raise exceptions of many classes for what strangers send
        raise InvalidResponse(f"{type(error).__name__}: {error}") from error


def request_id(response: OneLogin_Saml2_Response) -> str:
    """The request that the signed assertion answers. The attribute of the response around it need not be signed."""
    answered = {node.get("InResponseTo") for node in response._query_assertion(SUBJECT_DATA)}
    if answered != {response.get_in_response_to()} or not all(answered):
        raise InvalidResponse("The assertion does not say which request it answers.")
    if not response.get_audiences():  # python3-saml lets it pass without
        raise InvalidResponse("The assertion is for no audience.")
    return answered.pop()


def identity(provider: SamlProvider, response: OneLogin_Saml2_Response) -> Identity:
    attributes = response.get_attributes()
    subject = first(attributes, (provider.subject_claim,)) if provider.subject_claim else name_id(response)
    if not subject.isprintable() or not 0 < len(subject) <= MOST_SUBJECT:
        raise InvalidResponse("The assertion has no usable subject.")
    email, name = first(attributes, (provider.email_claim,) if provider.email_claim else EMAIL), first(attributes, NAME)
    found = {"sub": subject, provider.email_claim: email, "name": name}
    if provider.groups_claim in attributes:
        found[provider.groups_claim] = attributes[provider.groups_claim]
    return claims.identity(provider, found)


def name_id(response: OneLogin_Saml2_Response) -> str:
    found = response.get_nameid_data()
    if found.get("Format") in NO_SUBJECTS:
        raise InvalidResponse("The NameID does not name a user for ever: use a persistent one, or set subject_claim.")
    return str(found.get("Value") or "")


def first(attributes: dict[str, list[str]], names: tuple[str, ...]) -> str:
    return next((str(attributes[name][0]) for name in names if attributes.get(name)), "")


def settings(request: HttpRequest, provider: SamlProvider) -> OneLogin_Saml2_Settings:
    """Signed assertions for this very portal and page are required, without deprecated algorithms."""
    idp = {
        "entityId": provider.issuer,
        "singleSignOnService": {"url": provider.sso_url, "binding": Constants.BINDING_HTTP_REDIRECT},
        "x509certMulti": {"signing": list(provider.certificates)},
    }
    acs = {"url": absolute(request, "company_acs", provider), "binding": Constants.BINDING_HTTP_POST}
    entity_id = absolute(request, "company_metadata", provider)
    sp = {"entityId": entity_id, "assertionConsumerService": acs, "NameIDFormat": Constants.NAMEID_PERSISTENT}
    security = {
        "wantAssertionsSigned": True,
        "wantNameId": not provider.subject_claim,
        "wantAttributeStatement": False,
        "requestedAuthnContext": False,
        "rejectDeprecatedAlgorithm": True,
        "allowRepeatAttributeName": True,
        "allowSingleLabelDomains": True,
    }
    return OneLogin_Saml2_Settings({"strict": True, "idp": idp, "sp": sp, "security": security})


def absolute(request: HttpRequest, name: str, provider: SamlProvider) -> str:
    return request.build_absolute_uri(reverse(name, args=[provider.id]))


def about(request: HttpRequest) -> dict[str, Any]:
    """The request as python3-saml reads it."""
    https = "on" if request.is_secure() else "off"
    return {"https": https, "http_host": request.get_host(), "script_name": request.path, "get_data": {}, "post_data": {}}


def metadata(request: HttpRequest, provider: SamlProvider) -> bytes:
    """What the provider needs to know about the portal."""
    found = settings(request, provider).get_sp_metadata()
    return found if isinstance(found, bytes) else found.encode()
