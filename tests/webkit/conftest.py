"""WebKit, the engine of Safari: Debian's WebKitWebDriver and MiniBrowser on a virtual screen, driven by Selenium.

One browser serves all tests of a module; each test begins without cookies and storage.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer
from selenium import webdriver
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from portal.users.models import User
from tests.browser.sample_data import create_sample_data
from tests.factories import AdministratorFactory
from tests.services import missing
from tests.webkit.driving import Portal


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    """The name of an X display. Xvfb chooses a free number and writes it down once it is ready."""
    program = shutil.which("Xvfb") or missing("Xvfb (Debian: xvfb)")
    reader, writer = os.pipe()
    command = [program, "-displayfd", str(writer), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL) as server, os.fdopen(reader) as number:
        os.close(writer)
        try:
            yield f":{number.readline().strip()}"
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def environment(screen: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The browser's: on the virtual screen, without animations (GTK's setting is what `prefers-reduced-motion` says)."""
    config = tmp_path_factory.mktemp("webkit")
    (config / "gtk-3.0").mkdir()
    (config / "gtk-3.0" / "settings.ini").write_text("[Settings]\ngtk-enable-animations=0\n")
    return {**os.environ, "DISPLAY": screen, "GDK_BACKEND": "x11", "XDG_CONFIG_HOME": str(config)}


@pytest.fixture(scope="module")
def driver(environment: dict[str, str]) -> Iterator[WebDriver]:
    program = shutil.which("WebKitWebDriver")
    browsers = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
    if program is None or not browsers:
        missing("WebKit (Debian: webkit2gtk-driver)")
    options = Options()
    options.binary_location = str(browsers[-1])
    options.add_argument("--automation")
    options.add_argument("--full-screen")  # without its toolbar, which is wider than a phone
    driver = webdriver.WebKitGTK(options=options, service=Service(program, env=environment))
    yield driver
    driver.quit()


@pytest.fixture
def portal(driver: WebDriver, live_server: LiveServer) -> Portal:
    """The portal in WebKit, with nobody signed in."""
    portal = Portal(driver, live_server.url)
    portal.forget()
    return portal


@pytest.fixture
def administrator(transactional_db: None) -> User:
    return AdministratorFactory(username="anna@example.com", display_name="Anna Berg")


@pytest.fixture
def furnished(administrator: User) -> User:
    return create_sample_data(administrator)
