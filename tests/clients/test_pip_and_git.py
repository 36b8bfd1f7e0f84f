"""pip and git, as they are, fetch from behind a gateway with a token as their password."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.utils import timezone

from tests.clients.conftest import Files
from tests.factories import issue
from tests.services import installed
from tokens import services, token_format

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
RUNS_ON = "postgres"


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {"PATH": os.environ["PATH"], "HOME": str(folder), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return subprocess.run(words, cwd=folder, env={**kept, **environment}, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def index(files: Files) -> str:
    """The path of a package index that has `portal-demo`."""
    folder = files.folder / "simple/portal-demo"
    folder.mkdir(parents=True)
    wheel = "portal_demo-1.0-py3-none-any.whl"
    with ZipFile(folder / wheel, "w") as archive:
        archive.writestr("portal_demo.py", "answer = 42\n")
        archive.writestr("portal_demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: portal-demo\nVersion: 1.0\n")
        archive.writestr("portal_demo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("portal_demo-1.0.dist-info/RECORD", "")
    (folder / "index.html").write_text(f'<a href="{wheel}">{wheel}</a>')
    return "/simple/"


def pip_install(folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    words = ["-m", "pip", "install", "--no-input", "--no-deps", "--no-cache-dir", "--disable-pip-version-check", "--retries", "0"]
    return run(folder, sys.executable, *words, "--target", "to", "--index-url", url, "portal-demo", PIP_CONFIG_FILE=os.devnull)


@pytest.mark.parametrize("form", ["__token__:{}", "{}", "{}:", "{}:x-oauth-basic"])
def test_pip_installs_with_a_token_in_the_indexs_url(files: Files, index: str, tmp_path: Path, form: str) -> None:
    _, text = issue()
    done = pip_install(tmp_path, f"http://{form.format(text)}@{files.host}{index}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "to/portal_demo.py").read_text() == "answer = 42\n"


def test_pip_installs_with_a_token_in_netrc(files: Files, index: str, tmp_path: Path) -> None:
    _, text = issue()
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login any password {text}\n")
    (tmp_path / ".netrc").chmod(0o600)
    assert pip_install(tmp_path, f"http://{files.host}{index}").returncode == 0


def test_a_revoked_token_installs_nothing(files: Files, index: str, tmp_path: Path) -> None:
    token, text = issue()
    services.revoke(token, None, timezone.now())
    done = pip_install(tmp_path, f"http://__token__:{text}@{files.host}{index}")
    assert done.returncode != 0
    assert "No matching distribution" in done.stderr
    assert text not in done.stdout + done.stderr


@pytest.fixture(scope="module")
def repository(files: Files) -> str:
    """The path of a repository with one commit, which git fetches by files alone."""
    git = installed("git")
    work = files.folder / "work"
    work.mkdir()
    (work / "read.me").write_text("a file\n")
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "first"], ["clone", "-q", "--bare", ".", "../repository.git"]):
        done = run(work, git, *words)
        assert done.returncode == 0, done.stderr
    assert run(files.folder / "repository.git", git, "update-server-info").returncode == 0
    return "/repository.git"


def clone(folder: Path, url: str, *settings: str, **environment: str) -> subprocess.CompletedProcess[str]:
    words = [word for setting in settings for word in ("-c", setting)]
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", **environment}
    return run(folder, installed("git"), *words, "clone", "-q", url, "to", **quiet)


@pytest.mark.parametrize("form", ["any:{}", "{}:x-oauth-basic", "{}:"])
def test_git_clones_with_a_token_in_the_url(files: Files, repository: str, tmp_path: Path, form: str) -> None:
    _, text = issue()
    done = clone(tmp_path, f"http://{form.format(text)}@{files.host}{repository}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "to/read.me").read_text() == "a file\n"


def test_git_asks_its_credential_helper_since_the_challenge_names_basic(files: Files, repository: str, tmp_path: Path) -> None:
    _, text = issue()
    helper = 'credential.helper=!f() { echo "username=any"; echo "password=$PORTAL_TOKEN"; }; f'
    assert clone(tmp_path, f"http://{files.host}{repository}", helper, PORTAL_TOKEN=text).returncode == 0
    (tmp_path / "other").mkdir()
    done = clone(tmp_path / "other", f"http://{files.host}{repository}", helper, PORTAL_TOKEN=token_format.generate())
    assert done.returncode != 0
    assert "Authentication failed" in done.stderr
