from django.urls import path

from media_core.library import usage, views

app_name = "library"
urlpatterns = [
    path("", views.documents, name="documents"),
    path("upload", views.upload, name="upload"),
    path("limits", usage.limits, name="limits"),
]
