from django.urls import path

from media_core.upkeep.proving import views

app_name = "proving"
urlpatterns = [
    path("bucket/attestations", views.list_attestations, name="attestations"),
    path("bucket/attestations/<uuid:attestation_id>", views.show_attestation, name="attestation"),
    path("bucket/attestations/<uuid:attestation_id>.json", views.download, name="download"),
]
