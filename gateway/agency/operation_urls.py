from django.urls import path

from gateway.agency import operation_views as views

app_name = "agency_operations"
urlpatterns = [
    path("operations", views.list_operations, name="operations"),
    path("operations/<uuid:operation_id>", views.show_operation, name="operation"),
    path("operations/<uuid:operation_id>/pause", views.pause_operation, name="pause"),
    path("operations/<uuid:operation_id>/resume", views.resume_operation, name="resume"),
    path("operations/<uuid:operation_id>/cancel", views.cancel_operation, name="cancel"),
]
