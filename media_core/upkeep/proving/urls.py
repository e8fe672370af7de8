from django.urls import path

from media_core.upkeep.proving import views

app_name = "proving"
urlpatterns = [
    path("bucket/attestations", views.attestations, name="attestations"),
    path("bucket/attestations/<uuid:attestation_id>", views.attestation, name="attestation"),
    path("bucket/attestations/<uuid:attestation_id>.json", views.download, name="download"),
]
