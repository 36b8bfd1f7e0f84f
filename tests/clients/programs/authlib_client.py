"""Authlib, unchanged. `check METHOD`: introspects and revokes the token TOKEN; `sign-in`: signs a user in through a browser;
`device`: through a browser on another machine."""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

PORTAL = os.environ["PORTAL"]
SERVER = requests.get(f"{PORTAL}/.well-known/oauth-authorization-server", timeout=10).json()


def check(method: str) -> None:
    session = OAuth2Session("any", os.environ["SECRET"], token_endpoint_auth_method=method)
    token = os.environ["TOKEN"]
    before = session.introspect_token(SERVER["introspection_endpoint"], token=token).json()
    revoked = session.revoke_token(SERVER["revocation_endpoint"], token=token)
    after = session.introspect_token(SERVER["introspection_endpoint"], token=token).json()
    print(json.dumps([before, revoked.status_code, after]))


def sign_in() -> None:
    listening = HTTPServer(("127.0.0.1", 0), Callback)
    redirect_uri = f"http://127.0.0.1:{listening.server_port}/callback"
    session = OAuth2Session(
        "authlib", redirect_uri=redirect_uri, scope="user", code_challenge_method="S256", token_endpoint_auth_method="none"
    )
    verifier = generate_token(48)
    url, state = session.create_authorization_url(SERVER["authorization_endpoint"], code_verifier=verifier)
    print(f"open {url}", flush=True)
    listening.handle_request()
    answer = f"http://127.0.0.1{Callback.path_seen}"
    token = session.fetch_token(SERVER["token_endpoint"], authorization_response=answer, code_verifier=verifier, state=state)
    print(token["access_token"])


def device() -> None:
    session = OAuth2Session("authlib", scope="user", token_endpoint_auth_method="none")
    asked = requests.post(SERVER["device_authorization_endpoint"], {"client_id": "authlib", "scope": "user"}, timeout=10).json()
    print(f"enter {asked['user_code']}", flush=True)
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    while True:
        time.sleep(asked["interval"])
        try:
            token = session.fetch_token(SERVER["token_endpoint"], grant_type=grant, device_code=asked["device_code"])
        except OAuthError as error:
            if error.error != "authorization_pending":
                raise
        else:
            return print(token["access_token"])


class Callback(BaseHTTPRequestHandler):
    path_seen = ""

    def do_GET(self) -> None:
        Callback.path_seen = self.path
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Nothing: the last line is the token."""


{"check": check, "sign-in": sign_in, "device": device}[sys.argv[1]](*sys.argv[2:])
