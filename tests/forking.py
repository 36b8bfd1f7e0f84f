"""Python processes that start at once: forked from one that has imported what the portal's settings need, but not the settings."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
Ended = subprocess.CompletedProcess[str]

# For each line of JSON, an environment and a program: runs it in a child, and prints how that ended.
SERVER = """
import gc, json, os, sys, tempfile, traceback
import celery.app, celery.schedules, csp.constants, django.conf.global_settings, django.test, psycopg.conninfo
import django.contrib.auth.password_validation, django.core.management, portal.env, portal.env.urls, portal.logging

def run(code):
    try:
        exec(code, {"__name__": "__main__"})
    except SystemExit as end:
        if not isinstance(end.code, str):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

gc.freeze()
for line in sys.stdin:
    (environment, code), (out, err) = json.loads(line), (tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+"))
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0), os.dup2(out.fileno(), 1), os.dup2(err.fileno(), 2)
        os.environ.clear(), os.environ.update(environment)
        status = run(code)
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(status)  # at once: taking the interpreter apart would need more time than all else
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps([status, *(file.seek(0) or file.read() for file in (out, err))]), flush=True)
"""


@cache
def server() -> subprocess.Popen[str]:
    """It ends with the tests' process, which holds the other end of its standard input."""
    command, environment = [sys.executable, "-c", SERVER], {"PATH": os.environ["PATH"]}
    return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def python(code: str, environment: dict[str, str]) -> Ended:
    """How `code` ended in a process of its own, with these variables and no others."""
    process = server()
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps([environment, code]) + "\n")
    process.stdin.flush()
    status, out, err = json.loads(process.stdout.readline())
    return Ended([], status, out, err)
