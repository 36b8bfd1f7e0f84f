from django.urls import path

from portal.audit import views

app_name = "audit"
urlpatterns = [
    path("administrator/audit/", views.entry_list, name="list"),
    path("administrator/audit/<int:pk>/", views.entry, name="entry"),
]
