from django.urls import path

from portal.faults import bell, views

app_name = "faults"
urlpatterns = [
    path("administrator/faults/", views.fault_list, name="list"),
    path("administrator/faults/bell/", bell.button, name="bell"),
    path("administrator/faults/newest/", bell.newest, name="newest"),
    path("administrator/faults/acknowledge/", views.acknowledge_many, name="acknowledge_many"),
    path("administrator/faults/<int:pk>/", views.former_address, name="former_address"),
    path("administrator/faults/<int:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("faults/<int:pk>/", views.fault, name="fault"),
    path("faults/<int:pk>/notes/", views.add_note, name="add_note"),
    path("faults/<int:pk>/undo-acknowledge/", views.undo_acknowledge, name="undo_acknowledge"),
]
