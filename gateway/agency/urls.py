from django.urls import path

from gateway.agency import operations as views

app_name = "agency_operations"
urlpatterns = [
    path("operations", views.operations, name="operations"),
    path("operations/<uuid:operation_id>", views.operation_, name="operation"),
    path("operations/<uuid:operation_id>/pause", views.pause_, name="pause"),
    path("operations/<uuid:operation_id>/resume", views.resume_, name="resume"),
    path("operations/<uuid:operation_id>/cancel", views.cancel_, name="cancel"),
]
