"""A browser without JavaScript: keeps cookies, follows redirects, sends a page's form with what is hidden in it."""

import http.cookiejar
import re
import urllib.parse
import urllib.request
from email.message import Message
from html import unescape

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?')


class Visitor:
    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies), urllib.request.ProxyHandler({}))
        self.headers = Message()

    def get(self, path: str, data: dict[str, str] | None = None) -> str:
        """The page; HTTPError for 400 and above."""
        body = urllib.parse.urlencode(data).encode() if data is not None else None
        with self.opener.open(self.address + path, body, timeout=30) as response:
            self.headers = response.headers
            return response.read().decode()

    def cookie(self, name: str) -> str:
        return next(cookie.value for cookie in self.cookies if cookie.name == name)

    def submit(self, path: str, **fields: str) -> str:
        """Opens the page with the form, fills it in and sends it to the same address. Returns the page that follows."""
        hidden = {name: unescape(value) for name, value in HIDDEN.findall(self.get(path))}
        return self.get(path, {**hidden, **fields})

    def sign_in(self, username: str, password: str) -> str:
        """Returns the Profile, which says who it is."""
        self.submit("/accounts/sign-in/", login=username, password=password)
        return self.get("/profile/")
