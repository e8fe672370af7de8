from django.urls import path

from media_core.storages.bucket import views

app_name = "agency_bucket"
urlpatterns = [
    path("bucket", views.bucket, name="bucket"),
    path("bucket/reports/<int:report_id>", views.report_, name="report"),
]
