"""Signs in to Token Portal without a browser on this machine and prints a temporary API token:
python3 device_client.py https://portal.example.com"""

import json, sys, time  # noqa: E401, I001
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

portal, program = sys.argv[1].rstrip("/"), {"client_id": "example"}


def post(path: str, form: dict[str, str]) -> dict:
    try:
        return json.load(urlopen(portal + path, urlencode(form).encode()))
    except HTTPError as error:
        return json.load(error)


asked = post("/oauth/device_authorization", program)
if "error" in asked:
    sys.exit(f"Not signed in: {asked['error_description']}")
print("Open", asked["verification_uri"], "in a browser and enter the code", asked["user_code"], file=sys.stderr, flush=True)
form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": asked["device_code"], **program}
interval, answer = asked["interval"], {"error": "authorization_pending"}
while answer.get("error") in ("authorization_pending", "slow_down"):
    time.sleep(interval)
    answer = post("/cli/token", form)
    if answer.get("error") == "slow_down":
        interval += 5
if "error" in answer:
    sys.exit(f"Not signed in: {answer['error']}")
print(answer["access_token"])
