"""No token in any log line, wherever it stands, and one line of JSON for each event."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from portal.logs import RedactingFormatter, logging_config, redact
from tokens import secret

TOKEN = secret.with_checksum("tpp_" + "aB3" * 10 + "xY")
TEMPORARY = secret.derive("key", "id")


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


@pytest.mark.parametrize("text", ["", "tpp_", "tpp_…5CEQ", "http://x/tpp_short", "a line without any"])
def test_what_is_no_token_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_a_token_in_a_message_an_argument_a_field_or_a_traceback_is_not_written(lines: io.StringIO) -> None:
    logger = logging.getLogger("portal.test")
    logger.warning("in the message %s", TOKEN)
    logger.warning(f"first line\n{TOKEN}")
    logger.warning("in a dictionary %s", {"token": TOKEN, "bytes": TOKEN.encode()})
    structlog.get_logger("portal.test").warning("in a field", token=TOKEN, nested=[{"x": TOKEN}])
    try:
        raise ValueError(f"in a traceback:\n{TOKEN}")
    except ValueError:
        logger.exception("failed")
    written = lines.getvalue()
    assert "Traceback" in written
    assert "in a field" in written
    assert written.count("tpp_[redacted]") >= 7
    assert TOKEN[4:36] not in written


def test_an_event_is_one_line_of_json_with_time_level_and_logger() -> None:
    formatter = next(handler.formatter for handler in logging.getLogger().handlers if isinstance(handler.formatter, RedactingFormatter))
    record = logging.LogRecord("portal.test", logging.WARNING, "file", 1, "two\nlines of %s", ("text",), None)
    line = formatter.format(record)
    assert "\n" not in line
    event = json.loads(line)
    assert (event["event"], event["level"], event["logger"]) == ("two\nlines of text", "warning", "portal.test")
    assert event["timestamp"].endswith("Z")
