"""Django admin pages of rows about which the audit trail has entries."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator

from portal.audit.history import address_of_all
from portal.core import permissions as access
from portal.core.admin import PortableAdmin


class AuditedAdmin(PortableAdmin):
    audited = True

    @method_decorator(access.operator)
    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The audit trail has the history. Django's own knows only of changes that were made in the Django admin: none."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        return redirect(address_of_all(row))
