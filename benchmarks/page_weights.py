"""`make page-weights`: how many requests each page takes, and how many KB they transfer (compressed bodies), on the first visit and on
the next. The portal runs as in `make run`, with the demo data. Fails when a first visit takes 120 KB or more."""

import gzip
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import Request

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.ports import free_port  # noqa: E402
from tests.processes.running import Program  # noqa: E402
from tests.processes.visitor import Visitor  # noqa: E402

LIMIT_KB = 120
MANAGE = [sys.executable, str(ROOT / "manage.py")]
ADMINISTRATOR = "ada.lindqvist@example.com"
PAGES = [
    "/accounts/sign-in/",
    "/",
    "/profile/",
    "/administrator/users/",
    f"/administrator/users/{ADMINISTRATOR}/tokens/",
    "/access-control/user-tokens/?per_page=100",
    "/administrator/faults/?state=all&per_page=100",
    "/administrator/system-settings/config/",
    "/api/v1/",
    "/admin/",
]
# What a page loads: style sheets, icons, scripts and pictures.
LINKED = re.compile(r'<(?:link|script|img)\b[^>]*?\b(?:href|src)="(/static/[^"]+)"')


class Weigher:
    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.sizes: dict[str, int] = {}

    def fetch(self, path: str) -> tuple[bytes, int, str]:
        """The text, the number of bytes that were transferred, and Cache-Control."""
        request = Request(self.visitor.address + path, headers={"Accept-Encoding": "gzip", "Accept": "text/html,*/*"})
        with self.visitor.opener.open(request, timeout=30) as response:
            body = response.read()
            text = gzip.decompress(body) if response.headers.get("Content-Encoding") == "gzip" else body
            return text, len(body), response.headers.get("Cache-Control", "")

    def size(self, path: str) -> int:
        """Of a static file, which must be one that browsers keep."""
        if path not in self.sizes:
            _, self.sizes[path], cached = self.fetch(path)
            if "immutable" not in cached:
                raise SystemExit(f"{path} is loaded again on every page: {cached}")
        return self.sizes[path]

    def page(self, path: str) -> tuple[int, float, float]:
        """Requests of the first visit, its KB, and those of the next."""
        text, html, _ = self.fetch(path)
        files = set(LINKED.findall(text.decode()))
        return 1 + len(files), (html + sum(map(self.size, files))) / 1024, html / 1024


def measure(folder: str) -> dict[str, tuple[int, float, float]]:
    """Page -> requests, KB of the first visit, KB of the next."""
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": "", "PORTAL_DATA_DIR": folder, "PORT": str(port)}
    subprocess.run([*MANAGE, "migrate", "--verbosity", "0"], check=True, env=environment)
    printed = subprocess.run([*MANAGE, "seed_demo"], check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout
    password = re.search(r"with the password (\S+) as", printed)
    assert password, printed
    with Program([*MANAGE, "run_portal"], environment) as program:
        program.wait_for("is running on", 120)
        visitor = Visitor(f"http://127.0.0.1:{port}")
        weigher = Weigher(visitor)
        weights = {PAGES[0]: weigher.page(PAGES[0])}
        visitor.sign_in(ADMINISTRATOR, password[1])
        weights |= {path: weigher.page(path) for path in PAGES[1:]}
        program.interrupt()
        program.process.wait(20)
    return weights


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        weights = measure(folder)
    print("requests   first visit   next visit   page")
    for path, (requests, first, following) in weights.items():
        print(f"{requests:8}   {first:8.1f} KB   {following:7.1f} KB   {path}")
    heavy = [path for path, (_, first, _) in weights.items() if first >= LIMIT_KB]
    if heavy:
        raise SystemExit(f"{LIMIT_KB} KB or more: {', '.join(heavy)}")


if __name__ == "__main__":
    main()
