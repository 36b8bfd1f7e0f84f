"""What a person does in one of the engines, by visible label, in terms of Selenium."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.test import Client
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from portal.users.models import User

SIZES = {"wide": (1440, 900), "phone": (390, 844)}
SECONDS = 15
Found = TypeVar("Found")

# The visible controls by that name; what an open dialog covers cannot be reached.
NAMED = """
const [name, kinds] = arguments;
const root = document.querySelector("dialog[open]") || document;
const labels = (element) => element.ariaLabel || element.labels?.[0]?.textContent.replace("*", "") || element.textContent;
return [...root.querySelectorAll(kinds)].find(
  (element) => element.checkVisibility() && labels(element).replace(/\\s+/g, " ").trim() === name) || null;
"""
LINK = """
const link = document.createElement("a");
link.setAttribute("hx-target", arguments[0]);
link.setAttribute("hx-get", arguments[1]);
document.getElementById("main").append(link);
htmx.process(link);
link.click();
"""
TITLED = """
const open = document.querySelector("dialog[open]");
return open?.querySelector("h2")?.textContent === arguments[0] ? open : null;
"""


class Portal:
    """A browser that has the portal open."""

    def __init__(self, driver: WebDriver, url: str) -> None:
        self.driver = driver
        self.url = url

    def forget(self) -> None:
        """Takes away what an earlier test left in the browser."""
        self.driver.get(f"{self.url}/healthz")
        self.driver.delete_all_cookies()
        self.script("localStorage.clear(); sessionStorage.clear()")
        self.resize("wide")

    def sign_in(self, user: User, path: str = "/") -> None:
        """Gives the browser the cookie of a new session and opens `path`."""
        client = Client()
        client.force_login(user)
        self.driver.add_cookie(
            {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value, "httpOnly": True}
        )
        self.open(path)

    def open(self, path: str) -> None:
        self.driver.get(self.url + path)

    def resize(self, size: str) -> None:
        width, height = SIZES[size]
        if self.driver.name == "firefox":
            viewport = {"width": width, "height": height}
            self.driver.browsing_context.set_viewport(context=self.driver.current_window_handle, viewport=viewport)
        else:
            self.driver.set_window_size(width, height)
        self.wait(lambda: self.script("return innerWidth") == width, f"the window to be {width} pixels wide")

    def script(self, text: str, *arguments: Any) -> Any:
        return self.driver.execute_script(text, *arguments)

    def wait(self, condition: Callable[[], Found], what: str) -> Found:
        """What `condition` returns as soon as that is true. An element that a swap took away is looked for again."""
        waiting = WebDriverWait(self.driver, SECONDS, poll_frequency=0.05, ignored_exceptions=[StaleElementReferenceException])
        return waiting.until(lambda _: condition(), f"waited for {what}")

    def settled(self) -> None:
        self.wait(lambda: self.script("return document.readyState") == "complete", "the page to be complete")

    def find(self, selector: str) -> WebElement:
        return self.wait(lambda: self.script("return document.querySelector(arguments[0])", selector), selector)

    def control(self, name: str, kinds: str = "a, button, input, select, textarea, summary") -> WebElement:
        return self.wait(lambda: self.script(NAMED, name, kinds), f"a control named {name!r}")

    def click(self, *names: str) -> None:
        """Clicks one after the other what has these names."""
        for name in names:
            self.wait(lambda name=name: self.control(name).click() is None, f"{name!r} to take a click")

    def fill(self, name: str, text: str) -> None:
        self.control(name, "input, textarea").send_keys(text)

    def open_in(self, dialog: str, path: str) -> None:
        """Opens a dialog to which nothing on the page leads. `dialog`: #pane or #window."""
        self.script(LINK, dialog, path)

    def dialog(self, title: str) -> WebElement:
        """The open pane or window with that title."""
        found = (
            "const open = document.querySelector('dialog[open]'); return open?.querySelector('h2')?.textContent === arguments[0] && open"
        )
        return self.wait(lambda: self.script(found, title), f"the dialog {title!r}")

    def no_dialog(self) -> None:
        self.wait(lambda: self.script("return !document.querySelector('dialog[open]')"), "no dialog")

    def shows(self, selector: str, text: str) -> None:
        """Waits until an element that `selector` finds holds `text`."""
        holds = "return [...document.querySelectorAll(arguments[0])].some((each) => each.textContent.includes(arguments[1]))"
        self.wait(lambda: self.script(holds, selector, text), f"{text!r} in {selector}")

    def pasted(self) -> str:
        """What is on the clipboard, as a paste into a field outside any dialog brings it."""
        area = self.script("const area = document.createElement('textarea'); document.body.prepend(area); return area")
        area.send_keys(Keys.CONTROL, "v", Keys.NULL)
        text = area.get_property("value")
        self.script("arguments[0].remove()", area)
        return str(text)
