from django.urls import path

from media_core.files import views

app_name = "files"
urlpatterns = [
    path("files/<str:token>/<str:file_name>", views.signed_view, name="signed"),
    path("media/<path:name>", views.public_view, name="public"),
    path("private/<path:name>", views.private_view, name="private"),
]
