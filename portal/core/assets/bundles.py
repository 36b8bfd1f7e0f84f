"""Bundles: one style sheet and two scripts for every page, joined from the files listed here, in this order.

A finder of django.contrib.staticfiles: `runserver`, the tests and `collectstatic` (which compresses and hashes) find them at `bundles/`.
A new file needs a line in one of the lists, and nothing else.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage, Storage

from portal.core.assets.icons import icons_css
from portal.core.assets.unused import named_words, without_unused

FOLDER = "bundles"
STYLES = [
    "bootstrap/css/bootstrap.min.css",
    "css/icons.css",
    "css/theme.css",
    "css/buttons.css",
    "css/forms.css",
    "css/frame.css",
    "css/topbar.css",
    "css/nav.css",
    "css/palette.css",
    "css/parts.css",
    "css/float.css",
    "css/when.css",
    "css/list.css",
    "css/table.css",
    "css/list-table.css",
    "css/list-cards.css",
    "css/dialog.css",
    "css/token.css",
    "css/details.css",
    "css/expiry.css",
    "css/pages.css",
    "css/settings.css",
    "css/scan.css",
    "css/home.css",
    "css/chart.css",
    "css/entrance.css",
    "css/contrast.css",
    "css/print.css",
    "css/api.css",
    "css/revocation.css",
    "css/sessions.css",
    "css/directory.css",
    "css/factor.css",
    "css/audit.css",
]
# These run before the first paint, so that neither the theme nor the navigation's width jumps, and before a search box can be typed in.
EARLY_SCRIPTS = [
    "js/theme.js",
    "js/nav.js",
    "js/return.js",
    "js/pasted-token.js",
]
SCRIPTS = [
    "bootstrap/js/bootstrap.bundle.min.js",
    "django_htmx/htmx-2.min.js",
    "js/toast.js",
    "js/session.js",
    "js/session-end.js",
    "js/copy.js",
    "js/bubble.js",
    "js/when.js",
    "js/token.js",
    "js/expiry.js",
    "js/calendar.js",
    "js/unsaved.js",
    "js/dialog.js",
    "js/bell.js",
    "js/palette.js",
    "js/shortcuts.js",
    "js/list.js",
    "js/select-rows.js",
    "js/cut-text.js",
    "js/list-filters.js",
    "js/columns.js",
    "js/row-details.js",
    "js/confirm-typed.js",
    "js/config-form.js",
    "js/chips.js",
    "js/settings.js",
    "js/kind-of-user.js",
    "js/passkey.js",
    "js/download.js",
]
SOURCE_MAP = re.compile(r"(/\*# sourceMappingURL=.*?\*/|//# sourceMappingURL=\S*)")


def source(name: str) -> str:
    """The text of a static file, without the link to a source map, which would name a file that is not beside the bundle."""
    path = finders.find(name)
    if path is None:
        raise FileNotFoundError(f"{name}, which portal/core/assets/bundles.py lists, is not among the static files.")
    return SOURCE_MAP.sub("", Path(path).read_text())


def script(name: str) -> str:
    """A script in a function of its own, so that it stays strict and its names stay its own; one that fails stops none of the others.
    Libraries define global names."""
    text = source(name)
    if not name.startswith("js/"):
        return f"{text};"
    return f'(() => {{"use strict"; try {{{text}\n}} catch (error) {{ reportError(error); }}}})();'


def style_sheet(name: str) -> str:
    """With DEBUG Bootstrap's is whole: it takes 0.3 s to find what is not used, and each request makes the bundles again."""
    text = source(name)
    return without_unused(text, named_words()) if name.startswith("bootstrap/") and not settings.DEBUG else text


def bundles() -> dict[str, str]:
    """File name -> text."""
    return {
        "portal.css": "\n".join([*map(style_sheet, STYLES), icons_css()]),
        "early.js": "\n".join(map(script, EARLY_SCRIPTS)),
        "portal.js": "\n".join(map(script, SCRIPTS)),
    }


def write_bundles() -> Path:
    """Writes the bundles that have changed, and returns their folder."""
    folder = settings.DATA_DIR / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in bundles().items():
        file = folder / name
        if not file.exists() or file.read_text() != text:
            part = folder / f"{uuid4()}.part"  # several threads and processes may do this at once
            part.write_text(text)
            part.replace(file)
    return folder


written_once = cache(write_bundles)


class BundleFinder(finders.BaseFinder):
    """Finds the bundles; with DEBUG they are joined again for each request."""

    def folder(self) -> Path:
        return write_bundles() if settings.DEBUG else written_once()

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        name = path.removeprefix(f"{FOLDER}/")
        found = [str(self.folder() / name)] if path.startswith(f"{FOLDER}/") and name in ("portal.css", "early.js", "portal.js") else []
        return found if find_all else next(iter(found), [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        storage = FileSystemStorage(write_bundles())
        storage.prefix = FOLDER  # type: ignore[attr-defined]  # what collectstatic puts before the name
        for name in bundles():
            yield name, storage
