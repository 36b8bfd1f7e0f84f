"""A passkey in software: what a browser and a device do together (WebAuthn, section 6)."""

import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Passkey:
    """`verified`: does the device check who holds it?"""

    verified: bool = True
    origin: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: os.urandom(16))
    owner: str = ""

    def create(self, options: dict[str, Any]) -> str:
        """The response to the options for a new passkey, as JSON."""
        asked = options["publicKey"]
        self.owner = asked["user"]["id"]
        public = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        data = self.data(asked["rp"]["id"], ATTESTED) + attested
        return self.response(
            clientDataJSON=self.client_data("webauthn.create", asked),
            attestationObject=cbor.encode({"fmt": "none", "attStmt": {}, "authData": data}),
        )

    def get(self, options: dict[str, Any]) -> str:
        """The response to the options for using one, as JSON."""
        asked = options["publicKey"]
        data, client = self.data(asked["rpId"]), self.client_data("webauthn.get", asked)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self.response(
            clientDataJSON=client, authenticatorData=data, signature=signature, userHandle=websafe_decode(self.owner) if self.owner else b""
        )

    def data(self, host: str, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verified else 0)
        return hashlib.sha256(host.encode()).digest() + struct.pack(">BI", flags, 0)

    def client_data(self, kind: str, asked: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": asked["challenge"], "origin": self.origin or settings.PORTAL_URL}).encode()

    def response(self, **parts: bytes) -> str:
        name = websafe_encode(self.id)
        encoded = {key: websafe_encode(value) for key, value in parts.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": encoded, "clientExtensionResults": {}})
