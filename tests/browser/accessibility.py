"""Accessibility and layout checks: axe-core in light and dark, and no horizontal scrolling on a phone."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
# Playwright's own wait_for_function would be blocked by the Content-Security-Policy: it evaluates its text in the page.
SETTLED_WIDTH = """async () => {
  const root = document.documentElement;
  for (let frame = 0; frame < 60 && (innerWidth > 400 || root.scrollWidth > innerWidth); frame++) {
    await new Promise(requestAnimationFrame);
  }
  return root.scrollWidth;
}"""
IS_DARK = """async () => {
  while (document.documentElement.dataset.bsTheme !== "dark") await new Promise(requestAnimationFrame);
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame); // colours that are in transition
}"""


def violations(page: Page, what: str, part: str, **options: object) -> list[str]:
    """axe-core's serious and critical findings in a part of the page, one line for each element."""
    answer = page.evaluate("([part, options]) => axe.run(part, options)", [part, {"resultTypes": ["violations"], **options}])
    grave = [rule for rule in answer["violations"] if rule["impact"] in ("serious", "critical")]
    return [f"{what}: {rule['id']}: {node['html'][:160]} {node['failureSummary'][:300]}" for rule in grave for node in rule["nodes"]]


def audit(page: Page, what: str, part: str = "html") -> list[str]:
    """axe-core on what the page shows now: all of it in light; in dark the contrast, since nothing else is different there."""
    page.evaluate(AXE_SCRIPT)
    found = violations(page, f"{what}, light", part)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.evaluate(IS_DARK)
    found += violations(page, f"{what}, dark", part, runOnly=["color-contrast"])
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found


def too_wide(page: Page, what: str) -> list[str]:
    """Does the page still scroll sideways once it has settled to a phone's width?"""
    page.set_viewport_size(PHONE)
    width = page.evaluate(SETTLED_WIDTH)
    page.set_viewport_size(WIDE)
    return [f"{what}: {width} pixels wide on a phone"] if width > PHONE["width"] else []
