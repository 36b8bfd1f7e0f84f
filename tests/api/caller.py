"""A program that calls the API with a token of some user: Django's test client with JSON in and out."""

from typing import Any

from django.test import Client

from portal.users.models import User
from tests.factories import UserFactory, issue

API = "/api/v1"


class Caller(Client):
    """`role`, or a user; None sends no token. What the server raises is answered, as a server would, and not raised here."""

    prefix = API

    def __init__(self, who: User | str | None = None) -> None:
        super().__init__(raise_request_exception=False)
        self.user = UserFactory(role=who) if isinstance(who, str) else who
        self.token, self.text = issue(self.user, "caller") if self.user else (None, "")

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        """`path` goes on from `prefix`; `data` is the query of a GET, and JSON for everything else."""
        bearer = {"Authorization": f"Bearer {self.text}"} if self.text else {}
        headers = bearer | {name.replace("_", "-"): value for name, value in headers.items()}
        if method == "GET":
            return self.get(self.prefix + path, data or {}, headers=headers)
        body = {} if data is None else {"data": data, "content_type": "application/json"}
        return getattr(self, method.lower())(self.prefix + path, headers=headers, **body)

    def all(self, path: str, **query: Any) -> list[Any]:
        """The items of all pages of a list."""
        items, cursor = [], None
        while True:
            answer = self.call("GET", path, query | ({"cursor": cursor} if cursor else {})).json()
            items += answer["items"]
            cursor = answer["next"]
            if cursor is None:
                return items
