"""A program with a token that calls DuploCloud's paths."""

import json
from typing import Any

from tests.api.caller import Caller


class DuploCaller(Caller):
    """As Caller, for whole paths."""

    prefix = ""

    def ask(self, method: str, path: str, data: Any = None) -> Any:
        """The JSON of a 200."""
        response = self.call(method, path, data)
        text = response.getvalue()
        assert response.status_code == 200, text
        assert response["Content-Type"].startswith("application/json")
        assert "no-store" in response["Cache-Control"]
        return json.loads(text)
