"""What the pages of a test complain about: console errors and warnings, uncaught errors, Content-Security-Policy violations."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import ConsoleMessage, Page

Visit = Callable[..., Page]
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`Content-Security-Policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""
# Both Chromium and htmx write a refused request into the console.
REFUSED = re.compile(r"responded with a status of (\d+)|Response Status Error Code (\d+)")


class Watch:
    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.allowed: set[int] = set()

    def allow(self, *statuses: int) -> None:
        """The HTTP statuses that the test provokes on purpose."""
        self.allowed.update(statuses)

    def follow(self, page: Page) -> None:
        page.on("console", self.console)
        page.on("pageerror", self.error)

    def console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def error(self, error: Any) -> None:
        self.complaints.append(f"uncaught: {error}")

    def left(self) -> list[str]:
        """The complaints that are not about an allowed status."""
        return [text for text in self.complaints if not self.provoked(text)]

    def provoked(self, text: str) -> bool:
        found = REFUSED.search(text)
        return bool(found) and int(found[1] or found[2]) in self.allowed
