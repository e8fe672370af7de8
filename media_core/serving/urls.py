from django.urls import path

from media_core.serving import views

app_name = "files"
urlpatterns = [
    path("files/<str:token>/<str:file_name>", views.serve_signed, name="signed"),
    path("media/<path:name>", views.serve_public, name="public"),
    path("private/<path:name>", views.serve_private, name="private"),
]
