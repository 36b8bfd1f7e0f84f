"""`make screenshots`: starts a portal of its own with the demo data, on a free port and in a temporary folder, and takes the
pictures of docs/screenshots/. Names and layout are the same each time; dates, random tokens and times of scans are today's.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

REPOSITORY = Path(__file__).resolve().parent.parent
PICTURES = REPOSITORY / "docs" / "screenshots"
MANAGE = [sys.executable, str(REPOSITORY / "manage.py")]
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
EXAMPLE = "tpp_" + "ThisIsAnExampleAndNotARealToken".ljust(38, "0")
SETTINGS = (REPOSITORY / ".env.example").read_text()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def portal(folder: str) -> Iterator[tuple[str, str]]:
    """A running portal with the demo data: its address, and the password of the demo's people."""
    port = free_port()
    # Nothing of the developer's own settings: an empty variable counts as not set, and wins over .env.
    unset = dict.fromkeys(re.findall(r"^([A-Z_]+)=", SETTINGS, re.MULTILINE), "")
    environment = {**os.environ, **unset, "PORTAL_DATA_DIR": folder, "PORT": str(port)}
    subprocess.run([*MANAGE, "migrate", "--verbosity", "0"], check=True, env=environment)
    said = subprocess.run([*MANAGE, "seed_demo"], check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout
    password = re.search(r"with the password (\S+) as", said)[1]
    server = subprocess.Popen([*MANAGE, "run_portal"], env=environment, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", server)
        yield f"http://127.0.0.1:{port}", password
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(600):
        if server.poll() is not None:
            sys.exit("The portal ended before it answered.")
        try:
            opener.open(url, timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    sys.exit("The portal did not answer within a minute.")


def sign_in(page: Page, password: str) -> None:
    page.goto("/")
    page.get_by_label("Username or email").fill("ada.lindqvist@example.com")
    shoot(page, "sign-in")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Home").wait_for()


def shoot(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_selector(".htmx-request", state="detached")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled", caret="hide")
    print(f"docs/screenshots/{name}.png")


def open_dialog(page: Page, link: str) -> None:
    page.get_by_role("link", name=link, exact=True).click()
    page.get_by_role("dialog").wait_for()


def add_pane(page: Page) -> None:
    open_dialog(page, "Add")
    shoot(page, "create-a-new-token")


def token_window(page: Page) -> None:
    open_dialog(page, "Create Token")
    page.get_by_label("Token Name").fill("QA-Test-Token")
    shoot(page, "create-api-token")
    page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("dialog", name="Token Created").wait_for()
    page.locator("#results").get_by_text("QA-Test-Token").wait_for()
    # No real token's text belongs in a picture.
    page.get_by_label("Token", exact=True).evaluate("(place, text) => { place.textContent = text }", EXAMPLE)
    shoot(page, "token-created")


def add_config(page: Page) -> None:
    open_dialog(page, "Add")
    page.get_by_label("Config Type").select_option("App Config")
    page.get_by_label("Key").select_option("Maximum User Token Lifetime")
    page.get_by_label("Value").fill("180")
    shoot(page, "add-config")


def unfold(page: Page) -> None:
    page.locator("#results tbody summary").first.click()
    shoot(page, "faults")


def token_pane(page: Page) -> None:
    page.locator("#results tbody .col-name a").first.click()
    page.get_by_role("dialog").wait_for()
    shoot(page, "token")


# Name -> where to go, and what to do there (by default: take the picture).
VIEWS: dict[str, tuple[str, Callable[[Page], None] | None]] = {
    "home": ("/", None),
    "profile": ("/profile/", None),
    "token-created": ("/profile/", token_window),
    "users": ("/administrator/users/", None),
    "user-tokens": ("/administrator/users/ci-pipeline/tokens/", None),
    "create-a-new-token": ("/administrator/users/ci-pipeline/tokens/", add_pane),
    "access-control": ("/access-control/user-tokens/", None),
    "token": ("/access-control/user-tokens/", token_pane),
    "config": ("/administrator/system-settings/config/", None),
    "all-settings": ("/administrator/system-settings/config/all/", None),
    "add-config": ("/administrator/system-settings/config/", add_config),
    "faults": ("/administrator/faults/", unfold),
}
DARK = ("home", "profile", "access-control")
NARROW = ("home", "profile", "access-control", "faults")


def take_all(page: Page) -> None:
    for name, (path, act) in VIEWS.items():
        page.goto(path)
        if act:
            act(page)
        else:
            shoot(page, name)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    for name in DARK:
        page.goto(VIEWS[name][0])
        shoot(page, f"{name}-dark")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(PHONE)
    for name in NARROW:
        page.goto(VIEWS[name][0])
        shoot(page, f"{name}-phone")


def main() -> None:
    program = os.environ.get("TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-headless-shell")
    if program is None:
        sys.exit("Chromium is missing.")
    PICTURES.mkdir(exist_ok=True)
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    with tempfile.TemporaryDirectory() as folder, portal(folder) as (address, password), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=arguments)
        page = browser.new_page(
            base_url=address, viewport=WIDE, color_scheme="light", reduced_motion="reduce", locale="en-GB", timezone_id="UTC"
        )
        sign_in(page, password)
        take_all(page)
        browser.close()


if __name__ == "__main__":
    main()
