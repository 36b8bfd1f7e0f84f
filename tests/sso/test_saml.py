"""Sign-in by SAML: a response that is signed for this sign-in lets in, and no other does."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.urls import reverse
from pytest_django import Settings

from portal.env import providers
from portal.env.providers import ProviderError, SamlProvider
from settings_app.models import Config
from tests.factories import UserFactory
from tests.pages.visitor import Visitor
from tests.sso import saml_provider as idp
from tests.sso.test_sign_in import invite
from tests.sso.visiting import begin, inside
from tokens.models import Token

pytestmark = pytest.mark.django_db
Values = dict[str, Any]
ACME = SamlProvider(
    id="acme",
    name="Acme",
    issuer=idp.ENTITY_ID,
    sso_url=idp.SSO_URL,
    certificates=(idp.CERTIFICATE,),
    trust_email=True,
    email_claim="",
)


@pytest.fixture(autouse=True)
def known(settings: Settings) -> None:
    settings.SIGN_IN_PROVIDERS = {"acme": ACME}


def post(visitor: Visitor, text: str, provider_id: str = "acme") -> Any:
    """The provider's form: from another site, so without the session's cookie; then what the browser is led to, with it."""
    cookie = visitor.cookies.pop(django_settings.SESSION_COOKIE_NAME, None)
    response = visitor.post(reverse("company_acs", args=[provider_id]), {"SAMLResponse": text})
    if cookie is not None:
        visitor.cookies[django_settings.SESSION_COOKIE_NAME] = cookie.value
    return visitor.get(response["Location"]) if response.status_code == 302 else response


def sign_in(text: Callable[[Values], str] = idp.response, visitor: Visitor | None = None, **changes: Any) -> tuple[Visitor, Any]:
    visitor = visitor or Visitor()
    return visitor, post(visitor, text(idp.values(begin(visitor), **changes)))


def rejected(visitor: Visitor, response: Any) -> bool:
    return response.status_code == 400 and not inside(visitor) and not Token.objects.exists()


def test_an_invited_person_signs_in_with_the_role_of_the_groups() -> None:
    Config.objects.create(key="roles_by_group", value="Ops = operator")
    user = invite()
    attributes = idp.values(begin(Visitor()))["attributes"] + idp.attribute("groups", "Staff", "Ops")
    visitor, response = sign_in(attributes=attributes)
    assert (response.status_code, inside(visitor)) == (302, True)
    user.refresh_from_db()
    account = SocialAccount.objects.get()
    assert (user.role, account.user, account.uid, account.extra_data["issuer"]) == ("operator", user, "u-1", idp.ENTITY_ID)
    assert inside(sign_in()[0])


@pytest.mark.field
def test_where_the_sign_in_was_begun_it_leads_back_to() -> None:
    invite()
    visitor = Visitor()
    found = idp.values(begin(visitor, next="/profile/?from=here"))
    assert post(visitor, idp.response(found))["Location"] == "/profile/?from=here"


@pytest.mark.field
def test_an_address_of_somebody_else_takes_nothing_over() -> None:
    UserFactory(username="ann@example.com")
    visitor, response = sign_in()
    assert (response.status_code, inside(visitor)) == (403, False)


PAST, FUTURE = "2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z"
OTHER = "<saml:AudienceRestriction><saml:Audience>https://other.example.com</saml:Audience></saml:AudienceRestriction>"


@pytest.mark.field
@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://other.example.com"},
        {"audience": OTHER},
        {"audience": ""},
        {"end": PAST},
        {"start": FUTURE},
        {"destination": "https://other.example.com/acs"},
        {"recipient": "https://other.example.com/acs"},
        {"answered": ""},
        {"answered": 'InResponseTo="another" '},
        {"answers": "another", "answered": 'InResponseTo="another" '},
        {"subject": ""},
        {"format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},
        {"format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"},
    ],
    ids=str,
)
def test_a_response_that_is_not_for_this_sign_in_is_rejected(changes: Values) -> None:
    invite()
    assert rejected(*sign_in(**changes))


def unsigned(found: Values) -> str:
    return idp.response(found, idp.ASSERTION.format(**found))


def by_another_key(found: Values) -> str:
    return idp.response(found, idp.assertion(found, idp.OTHER_KEY, idp.OTHER_CERTIFICATE))


def by_sha1(found: Values) -> str:
    return idp.response(found, idp.assertion(found, algorithm="rsa-sha1"))


def changed_after(found: Values) -> str:
    return idp.response(found, idp.assertion(found).replace("u-1", "u-2"))


def commented(found: Values) -> str:
    """A comment splits the text of the subject: a reader of only its first part takes it for another user."""
    return idp.response(found, idp.assertion(found).replace(">u-1<", ">u<!-- -->-1<"))


def wrapped_before(found: Values) -> str:
    """Signature wrapping: a forged assertion beside the signed one."""
    forged = idp.ASSERTION.format(**found | {"assertion_id": "forged", "subject": "u-2"})
    return idp.response(found, forged + idp.assertion(found))


def wrapped_around(found: Values) -> str:
    """Signature wrapping: the signed assertion inside a forged one that has its signature."""
    signed = idp.assertion(found)
    signature = signed[signed.index("<ds:Signature") : signed.index("</ds:Signature>") + len("</ds:Signature>")]
    hidden = signature.replace("</ds:Signature>", f"<ds:Object>{signed.replace(signature, '')}</ds:Object></ds:Signature>")
    forged = idp.ASSERTION.format(**found | {"assertion_id": "forged", "subject": "u-2"})
    end = forged.index("<saml:Subject>")
    return idp.response(found, forged[:end] + hidden + forged[end:])


def with_entity(found: Values) -> str:
    text = base64.b64decode(idp.response(found)).decode()
    return base64.b64encode(f'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>{text}'.encode()).decode()


@pytest.mark.field
@pytest.mark.parametrize("how", [unsigned, by_another_key, by_sha1, changed_after, wrapped_before, wrapped_around, with_entity])
def test_a_response_whose_assertion_is_not_signed_by_the_provider_is_rejected(how: Callable[[Values], str]) -> None:
    invite()
    assert rejected(*sign_in(how))


@pytest.mark.field
def test_a_comment_in_the_subject_makes_nobody_else() -> None:
    invite()
    sign_in(commented)
    assert list(SocialAccount.objects.values_list("uid", flat=True)) in ([], ["u-1"])


def test_the_provider_s_form_needs_no_csrf_token_of_ours() -> None:
    response = Visitor(enforce_csrf_checks=True).post(reverse("company_acs", args=["acme"]), {"SAMLResponse": "x"})
    assert response.status_code == 400  # not 403: it was read


def test_an_unsigned_response_is_rejected() -> None:
    invite()
    assert rejected(*sign_in(unsigned))


@pytest.mark.field
@pytest.mark.parametrize("text", ["", "x", "AAAA", base64.b64encode(b"<a/>").decode(), "\0", "A" * 100_000])
def test_what_is_no_response_gets_a_page_and_no_row(text: str) -> None:
    response = post(Visitor(), text)
    assert response.status_code == 400
    assert not Session.objects.exists()


def test_a_response_works_once_and_in_the_browser_that_began_it() -> None:
    invite()
    victim, visitor = Visitor(), Visitor()
    begin(victim)
    text = idp.response(idp.values(begin(visitor)))
    assert rejected(victim, post(victim, text))
    assert post(visitor, text).status_code == 302
    assert post(visitor, text).status_code == 400
    assert rejected(Visitor(), post(Visitor(), text)) or not inside(Visitor())


@pytest.mark.field
def test_a_response_that_nobody_asked_for_is_rejected() -> None:
    invite()
    found = idp.values(begin(Visitor()))
    assert rejected(Visitor(), post(Visitor(), idp.response(found)))


@pytest.mark.field
def test_a_response_to_one_provider_is_not_taken_by_another(settings: Settings) -> None:
    invite()
    settings.SIGN_IN_PROVIDERS = {"acme": ACME, "other": SamlProvider(**vars(ACME) | {"id": "other"})}
    visitor = Visitor()
    text = idp.response(idp.values(begin(visitor, "other")))
    assert rejected(visitor, post(visitor, text, "acme"))


def test_an_attribute_can_name_the_user_in_place_of_the_name_id(settings: Settings) -> None:
    settings.SIGN_IN_PROVIDERS = {"acme": SamlProvider(**vars(ACME) | {"subject_claim": "oid"})}
    invite()
    attributes = idp.values(begin(Visitor()))["attributes"] + idp.attribute("oid", "o-1")
    sign_in(attributes=attributes, format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")
    assert SocialAccount.objects.get().uid == "o-1"


def test_the_metadata_name_the_address_of_the_form() -> None:
    response = Visitor().get(reverse("company_metadata", args=["acme"]))
    assert response.status_code == 200
    assert "http://testserver/accounts/company/acme/acs/" in response.content.decode()
    assert Visitor().get("/accounts/company/acme/callback/").status_code == 404


METADATA = f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
 entityID="{idp.ENTITY_ID}"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor
 use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{"".join(idp.CERTIFICATE.splitlines()[1:-1])}</ds:X509Certificate></ds:X509Data>
 </ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding="{providers.REDIRECT}" Location="{idp.SSO_URL}"/>
 </md:IDPSSODescriptor></md:EntityDescriptor>"""


def test_a_provider_comes_from_its_metadata_or_from_values(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "metadata.xml").write_text(METADATA)
    (tmp_path / "idp.pem").write_text(idp.CERTIFICATE)
    values = f'issuer = "{idp.ENTITY_ID}"\nsso_url = "{idp.SSO_URL}"\ncertificate_file = "idp.pem"'
    file = tmp_path / "providers.toml"
    for given in ('metadata_file = "metadata.xml"', values):
        file.write_text(f'[acme]\ntype = "saml"\nname = "Acme"\ntrust_email = true\n{given}')
        settings.SIGN_IN_PROVIDERS = found = providers.load(file)
        assert (found["acme"].issuer, found["acme"].sso_url) == (idp.ENTITY_ID, idp.SSO_URL)
        visitor = Visitor()
        assert post(visitor, idp.response(idp.values(begin(visitor)))).status_code == 403  # genuine, but nobody was invited


@pytest.mark.parametrize("text", ["<a/>", "no XML", METADATA.replace("IDPSSODescriptor", "SPSSODescriptor")])
def test_metadata_of_no_identity_provider_stop_the_start(text: str, tmp_path: Path) -> None:
    (tmp_path / "metadata.xml").write_text(text)
    (tmp_path / "providers.toml").write_text('[acme]\ntype = "saml"\nname = "Acme"\nmetadata_file = "metadata.xml"')
    with pytest.raises(ProviderError, match="metadata_file without"):
        providers.load(tmp_path / "providers.toml")
