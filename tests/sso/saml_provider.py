"""A SAML identity provider: answers an authentication request with a signed response, of which a test may change every part."""

import base64
import uuid
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils

ENTITY_ID, SSO_URL = "https://idp.example.com/metadata", "https://idp.example.com/sso"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" \
ID="_{response_id}" Version="2.0" IssueInstant="{now}" Destination="{destination}" InResponseTo="{answers}">\
<saml:Issuer>{issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>\
{assertion}</samlp:Response>"""
ASSERTION = """<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_{assertion_id}" Version="2.0" IssueInstant="{now}">\
<saml:Issuer>{issuer}</saml:Issuer><saml:Subject><saml:NameID Format="{format}">{subject}</saml:NameID>\
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData {answered}NotOnOrAfter="{end}" \
Recipient="{recipient}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{start}" NotOnOrAfter="{end}">\
{audience}</saml:Conditions><saml:AuthnStatement AuthnInstant="{now}"><saml:AuthnContext><saml:AuthnContextClassRef>\
urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"""


def new_identity() -> tuple[str, str]:
    """A private key and its self-signed certificate, as PEM."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    certificate = made.not_valid_before(start).not_valid_after(start + timedelta(days=36500)).sign(key, hashes.SHA256())
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode(), certificate.public_bytes(encoding).decode()


KEY, CERTIFICATE = new_identity()
OTHER_KEY, OTHER_CERTIFICATE = new_identity()


def request_of(url: str) -> Any:
    """The request in the address that the browser is sent to."""
    packed = parse_qs(urlsplit(url).query)["SAMLRequest"][0]
    return etree.fromstring(zlib.decompress(base64.b64decode(packed), -15))


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def values(url: str, **changes: Any) -> dict[str, Any]:
    """What a valid response to the request in `url` holds."""
    asked, now = request_of(url), datetime.now(UTC)
    acs, audience = asked.get("AssertionConsumerServiceURL"), asked.findtext("{*}Issuer")
    restriction = f"<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>"
    valid = {
        "response_id": uuid.uuid4().hex,
        "assertion_id": uuid.uuid4().hex,
        "issuer": ENTITY_ID,
        "destination": acs,
        "recipient": acs,
        "answers": asked.get("ID"),
        "answered": f'InResponseTo="{asked.get("ID")}" ',
        "now": stamp(now),
        "start": stamp(now - timedelta(minutes=1)),
        "end": stamp(now + timedelta(minutes=5)),
        "format": PERSISTENT,
        "subject": "u-1",
        "audience": restriction,
        "attributes": attribute("email", "ann@example.com") + attribute("displayName", "Ann Example"),
    }
    return valid | changes


def attribute(name: str, *texts: str) -> str:
    inside = "".join(f"<saml:AttributeValue>{text}</saml:AttributeValue>" for text in texts)
    return f'<saml:Attribute Name="{name}">{inside}</saml:Attribute>'


def assertion(found: dict[str, Any], key: str = KEY, certificate: str = CERTIFICATE, algorithm: str = "rsa-sha256") -> str:
    """Signed."""
    urls = {"rsa-sha256": ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256")}
    urls["rsa-sha1"] = ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1")
    signed = OneLogin_Saml2_Utils.add_sign(ASSERTION.format(**found), key, certificate, False, *urls[algorithm])
    return signed.decode() if isinstance(signed, bytes) else signed


def response(found: dict[str, Any], inside: str | None = None) -> str:
    """As the browser posts it. `inside`: in place of the signed assertion."""
    return base64.b64encode(RESPONSE.format(**found, assertion=assertion(found) if inside is None else inside).encode()).decode()
