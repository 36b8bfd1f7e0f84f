"""An authority made for one test, and the certificates that it signs, as files in PEM format."""

from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# OpenSSL has the clock of the machine, whatever date a test pretends.
BEGIN, EXPIRED, END = (datetime(year, 1, 1, tzinfo=UTC) for year in (2001, 2002, 2100))


@dataclass
class Authority:
    folder: Path
    name: str = "test authority"

    def __post_init__(self) -> None:
        self.key, self.subject = ec.generate_private_key(ec.SECP256R1()), named(self.name)
        certificate = self.sign(self.subject, self.key, x509.BasicConstraints(ca=True, path_length=0))
        self.file = self.folder / f"{self.name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType, end: datetime = END
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.subject).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(BEGIN).not_valid_after(end)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        if any(isinstance(extension, x509.BasicConstraints) for extension in extensions):
            usage = dict.fromkeys(USAGES, False) | {"key_cert_sign": True, "crl_sign": True}
            builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
        return builder.sign(self.key, hashes.SHA256())

    def certificate(self, address: str = "127.0.0.1", end: datetime = END) -> Path:
        """A file with a new key and its certificate for an IP address. `end`: EXPIRED for one that has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = self.sign(named(address), key, x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), end=end)
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        file = self.folder / f"{self.name} {address} {end.year}.pem"
        file.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
        return file


USAGES = [
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"),
    *("encipher_only", "decipher_only"),
]


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
