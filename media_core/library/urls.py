from django.urls import path

from media_core.library import views

app_name = "library"
urlpatterns = [
    path("", views.documents, name="documents"),
    path("upload", views.upload, name="upload"),
]
