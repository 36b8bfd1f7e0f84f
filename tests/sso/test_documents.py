"""The providers that the documents show can be copied: the portal reads each of them."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from portal.env import providers
from settings_app.registry import KEYS

RUNS_ON = "sqlite"
DOCS = settings.BASE_DIR / "docs"
METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
 entityID="https://idp.example.com"><IDPSSODescriptor><KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>MIIB
</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor><SingleSignOnService
 Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/sso"/></IDPSSODescriptor></EntityDescriptor>"""


@pytest.mark.parametrize("document", sorted(path.name for path in DOCS.glob("sign-in*.md")))
def test_the_portal_reads_the_providers_of_a_document(document: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    (tmp_path / "metadata.xml").write_text(METADATA)
    examples = re.findall(r"```toml\n(.*?)```", (DOCS / document).read_text(), re.DOTALL)
    assert examples
    for example in examples:
        file = tmp_path / "providers.toml"
        file.write_text(re.sub(r'"/run/[^"]*"', '"secret"', example).replace("/etc/token-portal/idp-metadata.xml", "metadata.xml"))
        assert providers.load(file)


@pytest.mark.parametrize("document", ["sign-in-entra.md", "sign-in-okta.md", "sign-in-keycloak.md"])
def test_config_takes_the_roles_by_group_of_a_document(document: str) -> None:
    (line,) = re.findall(r"Roles by Group, one line for each group: `(.*)`", (DOCS / document).read_text())
    assert KEYS["roles_by_group"].parse(line)


def test_the_readme_leads_to_every_document() -> None:
    readme = (settings.BASE_DIR / "README.md").read_text()
    assert [path.name for path in sorted(DOCS.glob("*.md")) if f"docs/{path.name})" not in readme] == []
