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
        self.statuses: set[int] = set()
        self.texts: set[str] = set()

    def allow(self, *statuses: int) -> None:
        """The HTTP statuses that the test provokes on purpose."""
        self.statuses.update(statuses)

    def allow_text(self, *texts: str) -> None:
        """Parts of other complaints that the test provokes on purpose."""
        self.texts.update(texts)

    def follow(self, page: Page) -> None:
        page.on("console", self.console)
        page.on("pageerror", self.error)

    def console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def error(self, error: Any) -> None:
        self.complaints.append(f"uncaught: {error}")

    def left(self) -> list[str]:
        """The complaints that the test did not provoke."""
        return [text for text in self.complaints if not self.provoked(text)]

    def provoked(self, text: str) -> bool:
        found = REFUSED.search(text)
        by_status = bool(found) and int(found[1] or found[2]) in self.statuses
        return by_status or any(part in text for part in self.texts)
