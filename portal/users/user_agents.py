"""What a User-Agent header says about a browser, in the words of its user: `Firefox on Windows`.

The header is the client's own claim and only helps people to recognise their devices. Which browser it is says the first name that
matches: Edge and Opera call themselves Chrome too, and Chrome calls itself Safari.
"""

import re

BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"(?:Headless)?Chrom(?:e|ium)/|CriOS/"),
    ("Safari", r"Safari/"),
    ("Internet Explorer", r"Trident/|MSIE "),
)
SYSTEMS = (
    ("iPhone", r"iPhone|iPod"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("macOS", r"Macintosh|Mac OS X"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)
PROGRAM = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,39}(?=/|\s|$)")
UNKNOWN = "Unknown device"


def device(user_agent: str) -> str:
    """`Chrome on Android`, `curl`, or UNKNOWN. Of a program's name only plain letters, digits and `._-` are taken over."""
    browser, system = first(BROWSERS, user_agent), first(SYSTEMS, user_agent)
    if browser or system:
        return f"{browser or 'A browser'} on {system}" if system else browser
    program = PROGRAM.match(user_agent)
    return program.group() if program else UNKNOWN


def first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    """The first of `names` whose pattern is in `user_agent`; "" if none is."""
    return next((name for name, pattern in names if re.search(pattern, user_agent)), "")
