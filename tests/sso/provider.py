"""A provider of OpenID Connect on loopback, in a thread: discovery, keys, authorisation with PKCE, tokens and userinfo.

It is strict where a real one is: a code works once, for its client, redirect URI and verifier. What it puts into an ID token, and how it
signs it, a test may change.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "portal", "a secret of the client's"
Answer = tuple[int, dict[str, str], bytes]


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


KEYS = [new_key("first"), new_key("second")]  # generating one takes a while


class Provider:
    """`claims`: of the user who signs in; `change`: is given an ID token's claims and returns what is signed; `sign`: makes the token."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.prepare()

    def prepare(self) -> None:
        """As it is before a test changes it."""
        self.key, self.published = KEYS[0], [KEYS[0]]
        self.claims: dict[str, Any] = {
            "sub": "u-1",
            "email": "ann@example.com",
            "email_verified": True,
            "name": "Ann Example",
            "groups": [],
        }
        self.userinfo: dict[str, Any] = {}
        self.change: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.metadata: dict[str, Any] = {}
        self.broken: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}  # path -> what it does instead of answering
        self.codes: dict[str, dict[str, str]] = {}
        self.seen: list[str] = []

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def signed_by_secret(self, claims: dict[str, Any]) -> str:
        """HS256 under the public key as every client can read it: the confusion of RFC 8725, section 2.1."""
        header, body = (encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": self.key.kid}, claims))
        signature = hmac.digest(self.key.as_pem(private=False), f"{header}.{body}".encode(), "sha256")
        return f"{header}.{body}.{encoded(signature)}"

    def unsigned(self, claims: dict[str, Any]) -> str:
        header, body = (encoded(json.dumps(part).encode()) for part in ({"alg": "none"}, claims))
        return f"{header}.{body}."

    def authorize(self, url: str) -> str:
        """What the user's browser does at the provider: the address that it comes back to."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(24)
        self.codes[code] = query
        answer = {"code": code, "state": query["state"]} | ({"iss": self.issuer} if self.metadata else {})
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def discovery(self) -> dict[str, Any]:
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys", "userinfo_endpoint": "userinfo"}
        return {"issuer": self.issuer, **{name: f"{self.issuer}/{path}" for name, path in paths.items()}, **self.metadata}

    def tokens(self, form: dict[str, str]) -> Answer:
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = encoded(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        good = asked and (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        if not asked or not good or asked["redirect_uri"] != form.get("redirect_uri") or asked["code_challenge"] != challenge:
            return respond({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.claims}
        return respond({"access_token": "opaque", "token_type": "Bearer", "id_token": self.sign(self.change(claims))})

    def answer(self, path: str, form: dict[str, str]) -> Answer:
        self.seen.append(path)
        if path == "/.well-known/openid-configuration":
            return respond(self.discovery())
        if path == "/keys":
            return respond({"keys": [key.as_dict(private=False) for key in self.published]})
        if path == "/token":
            return self.tokens(form)
        return respond({"sub": self.claims["sub"], **self.userinfo}) if path == "/userinfo" else respond({}, 404)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def respond(body: dict[str, Any], status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == "/authorize":  # in a real browser the user consents at once
                self.reply((302, {"Location": provider.authorize(self.path)}, b""))
                return
            self.serve(path, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.serve(self.path, {name: values[0] for name, values in parse_qs(body).items()})

        def serve(self, path: str, form: dict[str, str]) -> None:
            if path in provider.broken:
                provider.broken[path](self)
            else:
                self.reply(provider.answer(path, form))

        def reply(self, answer: Answer) -> None:
            status, headers, body = answer
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def running() -> Iterator[Provider]:
    provider = Provider()
    threading.Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
