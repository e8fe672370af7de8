from django.urls import path

from gateway.agency import visit_views as views

app_name = "agency_visits"
urlpatterns = [
    path("tenants/<uuid:tenant_id>/enter", views.enter, name="enter"),
    path("visits/<uuid:visit_id>", views.show_visit, name="visit"),
    path("visits/<uuid:visit_id>/ticket", views.show_ticket, name="ticket"),
    path("visits/<uuid:visit_id>/end", views.end, name="end"),
]
