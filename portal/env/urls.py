"""What the environment's addresses must look like. Each function takes the text and raises ValueError.

What is merely written differently (case, a default port, a slash at the end, a host name in Unicode) is brought into one form.
"""

import re
import warnings
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from environ import Env

from portal.core.domains import email_address, to_ascii, web_host
from portal.env.values import valid_email, words

WEB_PORTS = {"http": 80, "https": 443}
# The usual port, and how the connection is encrypted: not, by STARTTLS, or from its beginning (RFC 8314, section 3).
MAIL = {"smtp": (25, None), "smtp+tls": (587, "TLS"), "smtp+ssl": (465, "SSL"), "smtps": (465, "SSL")}
TLS_OPTIONS = {"ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}


class Url(NamedTuple):
    """`userinfo` is as it was written, `options` are the query's."""

    scheme: str
    userinfo: str
    host: str
    port: int | None
    path: str
    options: dict[str, str]


def split(text: str) -> Url:
    """An address with `//`. A `#`, which only a password that is not percent-encoded brings in, is an error, as is a space."""
    if not text.isprintable() or any(character in text for character in " #\\"):
        raise ValueError("no address")
    parts = urlsplit(text)
    if parts.port == 0 or not text.lower().startswith(f"{parts.scheme}://"):
        raise ValueError("no address")
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    return Url(parts.scheme, parts.netloc.rpartition("@")[0], parts.hostname or "", parts.port, parts.path, options)


def origin(text: str) -> str:
    """`HTTPS://Portal.Example.com:443/` -> `https://portal.example.com`: the form in which browsers send it (RFC 6454, section 6)."""
    url = split(text)
    if url.scheme not in WEB_PORTS or url.userinfo or url.path.strip("/") or url.options or "?" in text:
        raise ValueError("no origin")
    port = "" if url.port in (None, WEB_PORTS[url.scheme]) else f":{url.port}"
    return f"{url.scheme}://{web_host(url.host)}{port}"


def host_of(origin: str) -> str:
    """`https://[2001:db8::1]:8443` -> `[2001:db8::1]`"""
    return web_host(split(origin).host)


def helo_name(text: str) -> str:
    """How the portal greets a mail server (RFC 5321, section 4.1.3): a host name in ASCII, or an address in brackets."""
    host = web_host(text.strip())
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return host
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def hosts(text: str) -> list[str]:
    """Host names without scheme and port, separated by commas. `.example.com` stands for its subdomains too; `*` would for everything."""
    return ["." + web_host(word[1:]) if word.startswith(".") else web_host(word) for word in words(text)]


def database(text: str) -> dict[str, Any]:
    """Django's settings of a database: PostgreSQL with libpq's own options, or a file of SQLite."""
    scheme, separator, rest = text.partition("://")
    if not separator or not text.isprintable() or any(each in rest for each in (" ", "#", ":0/")):
        raise ValueError("no address")
    with warnings.catch_warnings(action="error", category=UserWarning):  # it shows a bad address, with its password
        try:
            values = Env.db_url_config(f"{scheme.lower()}://{rest}")
        except (UserWarning, IndexError, AttributeError):
            raise ValueError("no address of a database") from None
    if values["ENGINE"] == "django.db.backends.postgresql":
        return values | {"HOST": postgres_host(values, rest)}
    if values["ENGINE"] != "django.db.backends.sqlite3" or not rest.startswith("/") or values["NAME"] == ":memory:" or "?" in rest:
        raise ValueError("no database that the portal runs on, or one that several processes cannot share")
    return values


def postgres_host(values: dict[str, Any], rest: str) -> str:
    """The host of a server, or several, or the folder of a socket. Raises ValueError for an address without what PostgreSQL needs."""
    options, host = values.get("OPTIONS", {}), values["HOST"]
    # Nothing between @ and the name of the database: what was to be filled in there was empty.
    if not (host or options.get("host") or rest.startswith("/")):
        raise ValueError("no host")
    if not values["NAME"] or "/" in values["NAME"] or ("?" in rest and not options) or not libpq_knows(options):
        raise ValueError("no name, or an option that PostgreSQL does not have")
    return host if not host or host.startswith("/") else ",".join(to_ascii(each) for each in host.split(","))


def libpq_knows(options: dict[str, Any]) -> bool:
    import psycopg.conninfo

    try:
        psycopg.conninfo.make_conninfo("", **options)
    except psycopg.Error:
        return False
    return True


def redis(text: str) -> str:
    """`redis://:password@host:6379/0`, or `rediss://` with TLS."""
    url = split(text)
    number = url.path.strip("/") or "0"
    if url.scheme not in ("redis", "rediss") or not number.isascii() or not number.isdigit():
        raise ValueError("no address of Redis")
    if not url.options.keys() <= (TLS_OPTIONS if url.scheme == "rediss" else set()) or ("?" in text and not url.options):
        raise ValueError("an option that Redis does not have")
    userinfo = f"{url.userinfo}@" if url.userinfo else ""
    query = f"?{urlsplit(text).query}" if url.options else ""
    host = to_ascii(url.host)
    return f"{url.scheme}://{userinfo}{f'[{host}]' if ':' in host else host}:{url.port or 6379}/{int(number)}{query}"


def with_password(url: str, password: str) -> str:
    """A checked address of Redis, with `password` if it has none of its own."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://:{quote(password, safe='')}@{rest}" if url and password and "@" not in url else url


def contacts(text: str) -> list[str]:
    """Whom to write to, as URIs: `me@example.com` -> `mailto:me@example.com`. Pages by https alone (RFC 9116, section 2.5.3)."""
    return [contact(word) for word in words(text)]


def contact(text: str) -> str:
    if text.lower().startswith("https://"):
        url = split(text)
        if not url.host or url.userinfo:
            raise ValueError("no address of a page")
        return text
    if re.fullmatch(r"tel:\+[0-9-]{5,20}", text, re.IGNORECASE):
        return text
    return "mailto:" + quote(valid_email(email_address(text.removeprefix("mailto:"))), safe="@+")


class Address(NamedTuple):
    """`path`: with the query."""

    host: str
    port: int
    path: str


def syslog(text: str) -> Address:
    """`syslog+tls://host`, port 6514 if it names none (RFC 5425, section 4.1)."""
    url = split(text)
    if url.scheme != "syslog+tls" or url.userinfo or url.path.strip("/") or "?" in text:
        raise ValueError("no address of a syslog receiver with TLS")
    return Address(to_ascii(url.host), url.port or 6514, "")


def https(text: str) -> Address:
    """`https://host/path?query`, without a user and password, which logs along the way would show."""
    url = split(text)
    if url.scheme != "https" or url.userinfo:
        raise ValueError("no address by https")
    query = urlsplit(text).query
    return Address(to_ascii(url.host), url.port or WEB_PORTS["https"], (url.path or "/") + (f"?{query}" if query else ""))


class MailServer(NamedTuple):
    """`starttls`: encrypted after a greeting in plain text. `tls`: encrypted from the beginning."""

    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool


def email(text: str) -> MailServer:
    """`smtp://host`, `smtp+tls://user:password@host:587` (STARTTLS), `smtp+ssl://` or `smtps://` (TLS)."""
    url = split(text)
    user, _, password = url.userinfo.partition(":")
    if url.scheme not in MAIL or url.path.strip("/") or "?" in text or bool(user) != bool(password):
        raise ValueError("no address of a mail server")
    port, encryption = MAIL[url.scheme]
    return MailServer(to_ascii(url.host), url.port or port, unquote(user), unquote(password), encryption == "TLS", encryption == "SSL")
