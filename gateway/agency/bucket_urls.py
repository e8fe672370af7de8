from django.urls import path

from gateway.agency import bucket_views

app_name = "agency_bucket"
urlpatterns = [
    path("bucket", bucket_views.show_bucket, name="bucket"),
    path("bucket/reports/<int:report_id>", bucket_views.show_report, name="report"),
]
