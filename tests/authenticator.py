"""A security key made of software: it makes passkeys and answers with them, as WebAuthn says."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, WITH_KEY = 0x01, 0x40


def b64(plain: bytes) -> str:
    return urlsafe_b64encode(plain).rstrip(b"=").decode()


def read(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SecurityKey:
    """`count` None: one that does not count, as those of phones do not."""

    count: int | None = 0
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def _client(self, kind: str, options: dict[str, Any], origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": origin}).encode()

    def _about(self, host: str, flags: int) -> bytes:
        if self.count is not None:
            self.count += 1
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + (self.count or 0).to_bytes(4, "big")

    def _answer(self, **response: bytes) -> str:
        name = b64(self.credential)
        told = {key: b64(value) for key, value in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": told})

    def make(self, options: dict[str, Any], origin: str) -> str:
        public = self.private.public_key().public_numbers()
        key = {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")}
        about = self._about(options["rp"]["id"], PRESENT | WITH_KEY)
        about += bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + cbor2.dumps(key)
        return self._answer(
            clientDataJSON=self._client("webauthn.create", options, origin),
            attestationObject=cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": about}),
        )

    def show(self, options: dict[str, Any], origin: str) -> str:
        about, client = self._about(options["rpId"], PRESENT), self._client("webauthn.get", options, origin)
        signed = self.private.sign(about + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=about, signature=signed)
