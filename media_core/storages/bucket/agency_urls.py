from django.urls import path

from media_core.storages.bucket import views

app_name = "agency_bucket"
urlpatterns = [
    path("bucket", views.show_bucket, name="bucket"),
    path("bucket/reports/<int:report_id>", views.show_report, name="report"),
]
