from django.urls import path

from settings_app import setting_views, views

app_name = "settings"
urlpatterns = [
    path("administrator/system-settings/config/", views.config, name="config"),
    path("administrator/system-settings/config/all/", setting_views.all_settings, name="all"),
    path("administrator/system-settings/config/all/<slug:key>/", setting_views.one, name="setting"),
    path("administrator/system-settings/config/add/", views.add, name="add"),
    path("administrator/system-settings/config/<slug:key>/update/", views.update, name="update"),
    path("administrator/system-settings/config/<slug:key>/delete/", views.delete, name="delete"),
]
