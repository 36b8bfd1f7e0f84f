"""A directory: Django's test client with SCIM's JSON in and out."""

import json
from typing import Any

from django.test import Client

from portal.core.actors import Actor
from portal.users.models import User
from tests.factories import ServiceFactory, issue
from tokens.credentials import TokenCredential

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Directory(Client):
    """`owner`: whose token it sends; a service account that can provision unless given. None sends no token."""

    def __init__(self, owner: User | str | None = "directory") -> None:
        super().__init__(raise_request_exception=False)
        self.owner = ServiceFactory(may_provision=True) if owner == "directory" else owner
        self.token, self.text = issue(self.owner, "scim") if self.owner else (None, "")

    @property
    def actor(self) -> Actor:
        assert self.token
        return Actor(self.owner, TokenCredential(self.token.pk))

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        """`path` goes on from /scim/v2/; `data` is the query of a GET, and JSON for everything else."""
        sent = {"Authorization": f"Bearer {self.text}"} if self.text else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"/scim/v2/{path}"
        if method == "GET":
            return self.get(url, data or {}, headers=sent)
        body = data if isinstance(data, str | bytes) else json.dumps(data)
        return self.generic(method, url, "" if data is None else body, content_type="application/scim+json", headers=sent)

    def create(self, username: str = "anna@example.com", **more: Any) -> Any:
        return self.call("POST", "Users", {"schemas": [USER], "userName": username} | more)

    def patch(self, key: str, *operations: dict[str, Any], **headers: str) -> Any:
        kind = "Users" if key.startswith("user") else "Groups"
        return self.call("PATCH", f"{kind}/{key}", {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    def found(self, text: str, kind: str = "Users") -> list[str]:
        """The ids of what a filter finds."""
        answer = self.call("GET", kind, {"filter": text})
        assert answer.status_code == 200, answer.content
        return [each["id"] for each in answer.json()["Resources"]]
