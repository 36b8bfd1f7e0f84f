"""Font Awesome's icons as CSS: those that the sources name, taken from the package's pictures, instead of its font of 156 KB.

`<i class="fa-solid fa-house">` works as it does with the font. Each icon is a custom property, `--fa-house`, for other style sheets to use.
"""

import re
from pathlib import Path

import fontawesome
from django.conf import settings

PICTURES = Path(fontawesome.__file__).parent / "static" / "fontawesome" / "svgs" / "solid"
NAME = re.compile(r"\bfa-([a-z0-9]+(?:-[a-z0-9]+)*)\b")
VIEW_BOX = re.compile(r'viewBox="0 0 (\d+) (\d+)"')
COMMENT = re.compile(r"<!--!?(.*?)-->", re.DOTALL)
NOT_ICONS = {"solid", "fw"}
SOURCES = {"templates": "*.html", "static/js": "*.js", "static/css": "*.css", "portal": "*.py", "tokens": "*.py", "settings_app": "*.py"}


def named_icons() -> list[str]:
    """The icons that templates, scripts, style sheets and Python's constants name, without `fa-`."""
    files = (file for folder, pattern in SOURCES.items() for file in (settings.BASE_DIR / folder).rglob(pattern))
    return sorted({name for file in files for name in NAME.findall(file.read_text())} - NOT_ICONS)


def icons_css() -> str:
    """The rules for the icons that are named. One that Font Awesome does not have is left out; a test finds it."""
    names = [name for name in named_icons() if (PICTURES / f"{name}.svg").exists()]
    licence = COMMENT.search((PICTURES / f"{names[0]}.svg").read_text())
    pictures = "".join(f"--fa-{name}:{data_url(name)};" for name in names)
    rules = "".join(f".fa-{name}{{--icon:var(--fa-{name});--icon-width:{width(name)}em}}" for name in names)
    return f"/*!{licence[1] if licence else ''}*/\n:root{{{pictures}}}\n{rules}"


def width(name: str) -> float:
    """In em; every icon is 1 em high."""
    box = VIEW_BOX.search((PICTURES / f"{name}.svg").read_text())
    return round(int(box[1]) / int(box[2]), 4) if box else 1


def data_url(name: str) -> str:
    svg = COMMENT.sub("", (PICTURES / f"{name}.svg").read_text()).strip().replace('"', "'")
    return f'url("data:image/svg+xml,{svg.replace("%", "%25").replace("#", "%23").replace("<", "%3C").replace(">", "%3E")}")'
