from django.urls import path

from media_core.visits import admin_views, views

app_name = "visits"
urlpatterns = [
    path("visit", views.redeem, name="redeem"),
    path("visit/leave", views.leave, name="leave"),
    path("visits", admin_views.list_visits, name="visits"),
    path("visits/consent", admin_views.set_consent, name="consent"),
    path("visits/<uuid:visit_id>/agree", admin_views.agree, name="agree"),
    path("visits/<uuid:visit_id>/refuse", admin_views.refuse, name="refuse"),
    path("visits/<uuid:visit_id>/end", admin_views.end, name="end"),
    path("activity", admin_views.list_activity, name="activity"),
]
