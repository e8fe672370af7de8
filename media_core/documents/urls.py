from django.urls import path

from media_core.documents import views

app_name = "documents"
urlpatterns = [
    path("d/<uuid:document_id>/<str:name>", views.open_view, name="open"),
    path("d/<uuid:document_id>", views.open_view, name="open_by_id"),
]
