from django.urls import path

from gateway.agency import attestation_views

app_name = "proving"
urlpatterns = [
    path("bucket/attestations", attestation_views.list_attestations, name="attestations"),
    path(
        "bucket/attestations/<uuid:attestation_id>",
        attestation_views.show_attestation,
        name="attestation",
    ),
    path(
        "bucket/attestations/<uuid:attestation_id>.json",
        attestation_views.download,
        name="download",
    ),
]
