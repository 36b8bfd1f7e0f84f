"""Signs in to Token Portal in the browser and prints a temporary API token: python3 cli_client.py https://portal.example.com"""

import base64, hashlib, json, secrets, sys, webbrowser  # noqa: E401, I001
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import urlopen

portal, state, verifier, answer = sys.argv[1].rstrip("/"), secrets.token_urlsafe(32), secrets.token_urlsafe(48), {}


class Callback(BaseHTTPRequestHandler):
    timeout = 2  # seconds; a browser may open a connection and then say nothing

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        if mine := path == "/callback" and secrets.compare_digest(query.get("state", "").encode(), state.encode()):
            answer.update(query)
        self.send_response_only(200 if mine else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b'<link rel="icon" href="data:,">You can close this window.' if mine else b"")


server = HTTPServer(("127.0.0.1", 0), Callback)
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
question = {"port": server.server_port, "state": state, "code_challenge": challenge, "client": "example"}
print("Confirm in the browser:", url := f"{portal}/cli/sign-in?{urlencode(question)}", file=sys.stderr, flush=True)
webbrowser.open(url)
while not answer:
    server.handle_request()
if "code" not in answer:
    sys.exit(f"Not signed in: {answer['error']}")
form = urlencode({"code": answer["code"], "code_verifier": verifier}).encode()
print(json.load(urlopen(f"{portal}/cli/token", form))["access_token"])
