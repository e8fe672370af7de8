from django.urls import path

from media_core.visits import history, views

app_name = "visits"
urlpatterns = [
    path("visit", views.redeem, name="redeem"),
    path("visit/leave", views.leave, name="leave"),
    path("visits", history.list_visits, name="visits"),
    path("visits/consent", history.set_consent, name="consent"),
    path("visits/<uuid:visit_id>/agree", history.agree, name="agree"),
    path("visits/<uuid:visit_id>/refuse", history.refuse, name="refuse"),
    path("visits/<uuid:visit_id>/end", history.end, name="end"),
    path("activity", history.list_activity, name="activity"),
]
