"""The bundles of style sheets and scripts, and the icons in them."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from pytest_django import Settings
from whitenoise.storage import CompressedManifestStaticFilesStorage

from portal.core.assets import bundles
from portal.core.assets.icons import PICTURES, named_icons
from portal.core.assets.unused import CLASS, without_unused

RUNS_ON = "sqlite"
TEMPLATES = "".join(file.read_text() for file in (settings.BASE_DIR / "templates").rglob("*.html"))
LISTED = {*bundles.STYLES, *bundles.EARLY_SCRIPTS, *bundles.SCRIPTS}


def bundle(name: str) -> str:
    return Path(str(finders.find(f"bundles/{name}"))).read_text()


def test_every_style_sheet_and_script_is_in_a_bundle_or_a_template() -> None:
    static = settings.BASE_DIR / "static"
    files = {str(file.relative_to(static)) for folder in ("css", "js") for file in (static / folder).iterdir()}
    linked = set(re.findall(r"{% static '([^']+)' %}", TEMPLATES))
    assert {file for file in files if file not in LISTED | linked} == set()
    base = (settings.BASE_DIR / "templates" / "base.html").read_text()
    assert re.findall(r"{% static '((?:js|css|bootstrap)/[^']+)' %}", base) == []  # they belong into a list of bundles.py
    assert LISTED & linked <= {"js/return.js", "js/pasted-token.js"}  # the Django admin's pages load these without the rest


def test_a_bundle_keeps_the_order_of_its_list() -> None:
    for name, listed in (("portal.css", bundles.STYLES), ("early.js", bundles.EARLY_SCRIPTS), ("portal.js", bundles.SCRIPTS)):
        text = bundle(name)
        places = [text.index(bundles.source(each).strip()) for each in listed if not each.endswith("bootstrap.min.css")]
        assert places == sorted(places)
        assert "sourceMappingURL" not in text


def test_bundles_can_be_written_by_several_threads_at_once(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: bundles.write_bundles(), range(8)))
    assert {file.name for file in folders[0].iterdir()} == {"portal.css", "early.js", "portal.js"}


def test_scripts_of_ours_stay_strict_and_apart() -> None:
    assert all(bundles.script(name).startswith('(() => {"use strict";') for name in LISTED if name.startswith("js/"))


def test_every_icon_that_is_named_is_in_the_bundle() -> None:
    """If this fails: Font Awesome's free set has no solid icon of that name."""
    css = bundle("portal.css")
    assert "house" in named_icons()
    assert [name for name in named_icons() if f".fa-{name}{{" not in css or not (PICTURES / f"{name}.svg").exists()] == []


def test_icons_are_named_in_full() -> None:
    """`fa-{{ name }}` would hide from the bundle which icons are used."""
    assert re.findall(r"fa-(?:{{|{%|\$)[^\"]*", TEMPLATES) == []
    assert "fa-regular" not in TEMPLATES
    assert "fa-brands" not in TEMPLATES


def test_collected_bundles_have_names_that_change_with_their_content(settings: Settings, tmp_path: Path) -> None:
    storage = CompressedManifestStaticFilesStorage(location=tmp_path)
    found = {name: (store, name) for name, store in bundles.BundleFinder().list([])}
    paths = {}
    for name, (store, path) in found.items():
        with store.open(path) as file:
            paths[storage.save(f"bundles/{name}", file)] = (storage, f"bundles/{name}")
    made = {str(new) for _, new, _ in storage.post_process(paths)}
    assert len([name for name in made if re.fullmatch(r"bundles/portal\.[0-9a-f]{12}\.css", name)]) == 1
    assert staticfiles_storage.url("bundles/portal.css") == "/static/bundles/portal.css"


def test_bootstraps_rules_for_classes_that_nothing_names_are_left_out() -> None:
    css = '@charset "UTF-8";:root{--a:1}.btn,.carousel .btn{a:b}.carousel{c:d}.btn:not(.carousel):hover{e:f}'
    css += "@media print{.carousel{g:h}}@media (x){.btn{i:j}}"
    expected = '@charset "UTF-8";:root{--a:1}.btn{a:b}.btn:not(.carousel):hover{e:f}@media (x){.btn{i:j}}'
    assert without_unused(css, {"btn"}) == expected


def test_every_class_of_bootstraps_that_a_template_names_is_in_the_bundle() -> None:
    named = set(" ".join(re.findall(r'class="([^"]*)"', TEMPLATES)).split())
    whole, kept = (set(CLASS.findall(css)) for css in (bundles.source(bundles.STYLES[0]), bundle("portal.css")))
    assert {"btn-primary", "dropdown-menu"} <= named & whole
    assert (named & whole) - kept == set()
    assert len(bundle("portal.css")) < len(bundles.source(bundles.STYLES[0]))
