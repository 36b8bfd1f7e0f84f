"""The bell in the top bar."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.core import permissions as access
from portal.faults.bell import count


def bell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: how many faults nobody has acknowledged; None for those who see no faults.

    Counted when the page asks: a list renders each cell as a template of its own, and every one of them runs this.
    """
    user = getattr(request, "user", None)
    if user is None or not access.may_review(user):
        return {"open_faults": None}
    return {"open_faults": SimpleLazyObject(count)}
