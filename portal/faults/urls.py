from django.urls import path

from portal.faults import views

app_name = "faults"
urlpatterns = [
    path("administrator/faults/", views.fault_list, name="list"),
    path("administrator/faults/<int:pk>/", views.fault, name="fault"),
    path("administrator/faults/<int:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
]
