"""No token in any log line, wherever it stands, and one line of JSON for each event."""

import base64
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.http import HttpRequest

from portal.core.redaction import redact
from portal.core.request_logs import RequestFilter
from portal.logging import RedactingFormatter, logging_config, shorten_traceback
from tokens import sessions, token_format

RUNS_ON = "sqlite"
TOKEN = token_format.with_checksum("tpp_" + "aB3" * 10 + "xY")
TEMPORARY = sessions.derive("key", "id")


@pytest.fixture(params=[False, True], ids=["json", "readable"])
def lines(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What a handler with the portal's own formatter writes."""
    before = structlog.get_config()
    formatter = dict(logging_config(debug=request.param)["formatters"]["structlog"])
    structlog.configure(**before)  # the portal's own loggers go on as they were
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(formatter.pop("()")(**formatter))
    logger = logging.getLogger("portal.test")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield output
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "Bearer {}",
        "a\n{}",
        "a\t{}\r\n",
        "x{}y",
        "_{}_",
        "é{}é",
        '{{"token": "{}"}}',
        "token={}&x=1",
        "{0} and {0}",
        "b'{}'",
    ],
)
@pytest.mark.parametrize("token", [TOKEN, TEMPORARY])
def test_a_token_is_cut_down_to_its_prefix_wherever_it_stands(text: str, token: str) -> None:
    for written in (text.format(token), json.dumps(text.format(token)), repr(text.format(token))):
        cut = redact(written)
        assert token[4:36] not in cut
        assert f"{token[:4]}[redacted]" in cut


@pytest.mark.parametrize("missing", range(18))
def test_a_token_that_lacks_its_end_is_cut_down_too(missing: int) -> None:
    """Six missing characters are the checksum, which anybody can work out again."""
    for token in (TOKEN, TEMPORARY):
        for text in (token[: len(token) - missing], token[: len(token) - missing].replace("_", "%5F")):
            assert token[4:12] not in redact(f"Not Found: /{text}/x")


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\\n", "%0A", "%0d%0a", "%250A"])
def test_a_token_that_a_terminal_broke_into_lines_is_cut_down_too(line_break: str) -> None:
    for place in (5, 12, 24, 40):
        cut = redact(f"Not Found: /{TOKEN[:place]}{line_break}{TOKEN[place:]}/x")
        assert cut == f"Not Found: /{TOKEN[:4]}[redacted]/x"


@pytest.mark.parametrize(
    "text",
    [
        "Not Found: /accounts/password/reset/1a-SECRET-KEY/",
        "/ACCOUNTS/password/reset/1a-SECRET-KEY",
        "next=%2Faccounts%2Fpassword%2Freset%2F1a-SECRET-KEY%2F",
        "next=%252Faccounts%252Fpassword%252Freset%252F1a-SECRET-KEY",
        "Referer: https://portal.example.com/accounts/password/reset/1a-SECRET-KEY/?x=1",
        "http://127.0.0.1:5000/callback?code=SECRET-KEY-of-43-characters-0123456789abcdef&state=x",
        "{'code': ['SECRET-KEY-of-43-characters-0123456789abcdef']}",
        '{"code_verifier": "SECRET-KEY-of-43-characters-0123456789abcdef"}',
        '{"device_code": "SECRET-KEY-of-43-characters-0123456789abcdef"}',
        "/accounts/sign-in/?login=ada&password=SECRET-KEY&next=/",
        "/calendar/SECRET-KEY.ics",
    ],
)
def test_links_and_codes_that_are_secrets_are_not_written(text: str) -> None:
    for written in (text, json.dumps(text), repr(text), json.dumps(json.dumps(text))):
        assert "SECRET-KEY" not in redact(written)


@pytest.mark.parametrize("code", ["WDJB-MJHT", "wdjbmjht", "WDJB%20MJHT", "W D J B - M J H T"])
@pytest.mark.parametrize("form", ["/device/?user_code={}&x=1", "{{'user_code': ['{}']}}", '{{"user_code": "{}"}}'])
def test_user_codes_are_not_written(form: str, code: str) -> None:
    assert redact(form.format(code)) == form.format("[redacted]")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic {}",
        "{{'HTTP_AUTHORIZATION': 'Basic {}'}}",
        "(b'authorization', b'basic  {}')",
        "/x?authorization=Basic%20{}&y=1",
        "/x?authorization=Basic+{}",
    ],
)
def test_the_credentials_of_http_basic_are_not_written(text: str) -> None:
    for pair in (f"ada:{TOKEN}", f"{TOKEN}:", f"ada@example.com:{TEMPORARY[:30]}", "\xff\xff\xff>>>???:a-password-of-19"):
        encoded = base64.b64encode(pair.encode("latin-1")).decode()
        for secret in (encoded, encoded.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")):
            assert redact(text.format(secret)) == text.format("[redacted]")


@pytest.mark.parametrize("line_break", ["\n", "\\n"])
def test_the_values_of_a_row_that_the_database_rejects_are_not_written(line_break: str) -> None:
    text = f"DETAIL:  Failing row contains (7, pbkdf2_sha256$1000$salt$hash, a (b), x).{line_break}CONTEXT: more"
    assert redact(text) == f"DETAIL:  Failing row contains [redacted]{line_break}CONTEXT: more"
    assert redact("Key (username)=(jane@example.com) already exists.") == "Key (username)= [redacted]"


@pytest.mark.parametrize(
    "text", ["/accounts/password/reset/", "/accounts/password/reset/sent/", "/accounts/password/reset/done/", "code=400"]
)
def test_addresses_without_a_secret_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text", ["", "tpp_", "tpp_…5CEQ", "http://x/tpp_short", "a line without any", "Basic authentication required", "basic credentials"]
)
def test_what_is_no_token_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_a_token_in_a_message_an_argument_a_field_or_a_traceback_is_not_written(lines: io.StringIO) -> None:
    logger = logging.getLogger("portal.test")
    logger.warning("in the message %s", TOKEN)
    logger.warning(f"first line\n{TOKEN}")
    logger.warning("in a dictionary %s", {"token": TOKEN, "bytes": TOKEN.encode()})
    structlog.get_logger("portal.test").warning("in a field", token=TOKEN, nested=[{"x": TOKEN}])
    password = "a password that was typed"  # a variable of the frame
    try:
        raise ValueError(f"in a traceback:\n{TOKEN}")
    except ValueError:
        logger.exception("failed")
    written = lines.getvalue()
    assert "Traceback" in written
    assert "in a field" in written
    assert written.count("tpp_[redacted]") >= 7
    assert TOKEN[4:36] not in written
    assert password not in written


def test_an_event_is_one_line_of_json_with_time_level_and_logger() -> None:
    formatter = next(handler.formatter for handler in logging.getLogger().handlers if isinstance(handler.formatter, RedactingFormatter))
    record = logging.LogRecord("portal.test", logging.WARNING, "file", 1, "two\nlines of %s", ("text",), None)
    line = formatter.format(record)
    assert "\n" not in line
    event = json.loads(line)
    assert (event["event"], event["level"], event["logger"]) == ("two\nlines of text", "warning", "portal.test")
    assert event["timestamp"].endswith("Z")


def line(name: str = "django.request", status: int = 404, text: str = "Not Found: /x", **more: Any) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.WARNING, "file", 1, text, (), None)
    record.__dict__.update(status_code=status, **more)
    return record


def test_of_a_flood_a_few_lines_are_written_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("portal.core.request_logs.time.monotonic", lambda: now)
    limit = RequestFilter(lines=3, seconds=10)
    assert [limit.filter(line()) for _ in range(5)] == [True, True, True, False, False]
    assert limit.filter(line(status=403)), "another kind has lines of its own"
    assert all(limit.filter(logging.LogRecord("portal.notifications.emails", logging.WARNING, "file", 1, "x", (), None)) for _ in range(9))
    now += 10
    later = line()
    assert limit.filter(later)
    assert later.getMessage() == "Not Found: /x (2 more like this were left out)"
    assert limit.filter(again := line())
    assert again.getMessage() == "Not Found: /x"


def test_a_line_that_a_visitor_causes_is_short_and_keeps_no_half_secret() -> None:
    record = line(text="Not Found: /" + "a" * 480 + TOKEN + "b" * 60_000)
    assert RequestFilter().filter(record)
    assert len(record.getMessage()) < 600
    assert TOKEN[4:12] not in record.getMessage()


def test_a_clients_error_has_no_traceback_and_ours_keeps_it() -> None:
    failed = (ValueError, ValueError("x"), None)
    for record, kept in ((line(status=400), False), (line("django.security.DisallowedHost", 0), False), (line(status=500), True)):
        record.exc_info = failed
        assert RequestFilter().filter(record)
        assert bool(record.exc_info) is kept


def test_a_suspicious_request_is_one_line() -> None:
    limit, request = RequestFilter(), HttpRequest()
    assert limit.filter(line("django.security.DisallowedHost", 0, "Invalid HTTP_HOST header", request=request))
    assert not limit.filter(line(status=400, text="Bad Request: /", request=request))
    assert limit.filter(line(status=400, text="Bad Request: /", request=HttpRequest()))


def test_a_very_long_traceback_keeps_its_end() -> None:
    event = shorten_traceback(None, "error", {"exception": TOKEN * 1000 + "the end"})
    assert len(event["exception"]) < 11_000
    assert event["exception"].endswith("the end")
    assert TOKEN[10:30] not in event["exception"]
