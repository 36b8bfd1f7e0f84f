"""Takes secrets out of what is written down: API tokens, sign-in codes, passwords in a query, and the URLs that are secrets themselves."""

import re

# Without the word boundaries of `tokens.token_format.PATTERN`: in a line of JSON a token after a line break stands behind `\n`, two
# characters of which the second is a letter. From 20 characters on: the checksum gives back up to six that are missing at the end, and
# of a token with fewer than 20 more is missing than anybody can try. Line breaks in it are those of a terminal that it was copied from.
LINE_BREAKS = r"(?:[\r\n]|\\[nr]|%(?:25)*0[AD])*"
TOKEN = re.compile(rf"(tp[pt](?:_|%5F))(?:{LINE_BREAKS}[0-9A-Za-z]){{20,38}}", re.IGNORECASE)
SLASH = r"(?:/|%(?:25)*2F)"
# All that stands up to the next space, quotation mark or written line break, since a mistyped secret is most of a secret; a backslash
# belongs to what it escapes.
REST = r"(?:[^\s\"'\\]|\\[^\"'nrt])+"
# Django logs the URL of whatever it rejects. A calendar's URL is its secret, and so is a link that sets a password.
CALENDAR = re.compile(rf"(calendar){SLASH}{REST}", re.IGNORECASE)
PASSWORD_LINK = re.compile(rf"(password{SLASH}reset){SLASH}(?!sent\b|done\b){REST}", re.IGNORECASE)
# A sign-in code of a command-line tool and its verifier, as query or form parameter or in a dictionary that was printed.
CODE = re.compile(r"(code(?:_verifier)?\W{1,16})[A-Za-z0-9._~-]{20,}", re.IGNORECASE)
# What the user of a program on another machine types (RFC 8628).
USER_CODE = re.compile(r"(user_code\W{1,16})[A-Z](?:(?:%(?:25)*[0-9A-F]{2}|[\W_]){0,9}[A-Z]){7}(?![A-Z])", re.IGNORECASE)
# The credentials of HTTP Basic, in a header or a dictionary of headers, or in a URL. Sixteen characters: "Basic authentication" has fewer.
BASIC = re.compile(r"(basic(?:[\s+]|%(?:25)*20)+)(?:[A-Za-z0-9+/_=-]|%(?:25)*(?:2B|2F|3D)){16,}", re.IGNORECASE)
# What a password is called in a query that should have been a form.
PASSWORD = re.compile(r"((?:password\d?|csrfmiddlewaretoken|client_secret)=)[^&\s\"'\\]+", re.IGNORECASE)
# PostgreSQL shows the values of a row that breaks a constraint, a password's hash or a token's digest among them. They end with the
# line, which in JSON is an escaped line break.
ROW = re.compile(r"(Failing row contains|Key \([^)]*\)=) ?\((?:[^\n\\]|\\[^n])*")


def redact(text: str) -> str:
    """`text` with each API token in it cut down to its prefix, and without the secrets in URLs, parameters and codes."""
    text = CALENDAR.sub(r"\1/***.ics", TOKEN.sub(r"\1[redacted]", text))
    text = BASIC.sub(r"\1[redacted]", text)
    text = ROW.sub(r"\1 [redacted]", text)
    text = PASSWORD_LINK.sub(r"\1/***", text)
    text = USER_CODE.sub(r"\1[redacted]", CODE.sub(r"\1[redacted]", text))
    return PASSWORD.sub(r"\1[redacted]", text)
