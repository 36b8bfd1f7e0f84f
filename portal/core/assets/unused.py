"""Leaves out of Bootstrap's style sheet the rules for classes that nothing here names: two thirds of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import crispy_bootstrap5
from django.conf import settings
from django.contrib import admin

WORD = re.compile(r"[A-Za-z_][\w-]*")
CLASS = re.compile(r"\.([A-Za-z_][\w-]*)")
NOT = re.compile(r":not\([^()]*\)")
COMMA = re.compile(r",(?![^()]*\))")
# Bootstrap's own script sets these on what templates have made.
SET_BY_SCRIPTS = {"show", "showing", "hiding", "fade", "collapse", "collapsing", "active", "disabled", "dropup", "dropstart", "dropend"}
SUFFIXES = {".html", ".py", ".js"}


def named_words() -> set[str]:
    """Every word of the files that may name a class: ours, and those of the libraries that render into our pages."""
    ours = [settings.BASE_DIR / name for name in ("templates", "static/js", "portal", "tokens", "settings_app")]
    theirs = [Path(package.__file__).parent for package in (crispy_bootstrap5, admin) if package.__file__]
    files = (file for folder in (*ours, *theirs) for file in folder.rglob("*") if file.suffix in SUFFIXES)
    return SET_BY_SCRIPTS.union(*(WORD.findall(file.read_text()) for file in files if "/static/admin/" not in str(file)))


def blocks(css: str) -> Iterator[tuple[str, str]]:
    """(what stands before the braces, what stands in them); a statement without braces has an empty second part."""
    place = 0
    for found in re.finditer(r"[{};]", css):
        if found.start() < place:
            continue
        before = css[place : found.start()].strip()
        end = found.end()
        if found[0] == "{":
            depth = 1
            while depth:
                depth += {"{": 1, "}": -1}.get(css[end], 0)
                end += 1
            yield before, css[found.end() : end - 1]
        else:
            yield before + found[0], ""
        place = end


def without_unused(css: str, words: set[str]) -> str:
    """`css` without the selectors that need a class which is not among `words`."""
    kept = []
    for before, inside in blocks(css):
        if before.startswith(("@media", "@supports")):
            inside = without_unused(inside, words)
        elif not before.startswith("@"):
            before = ",".join(each for each in COMMA.split(before) if words.issuperset(CLASS.findall(NOT.sub("", each))))
        if before and inside:
            kept.append(f"{before}{{{inside}}}")
        elif before.startswith("@charset"):
            kept.append(before)
    return "".join(kept)
