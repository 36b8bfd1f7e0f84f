from django.urls import path

from portal.audit import views

app_name = "audit"
urlpatterns = [
    path("administrator/audit/", views.entry_list, name="list"),
    path("administrator/audit/<int:pk>/", views.entry, name="entry"),
    # The Django admin's pages of releases before this one, which bookmarks and the links of faults lead to.
    path("admin/auditlog/", views.former_address, name="former"),
    path("admin/auditlog/<path:rest>", views.former_address, name="former_page"),
]
