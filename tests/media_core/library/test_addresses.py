"""The paths that pages link to are the ones of the routes, for every name."""

import pytest
from django.urls import resolve, reverse
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from media_core.documents.models import Document
from media_core.library.document_urls import build_details_path, build_open_path
from tenants.binding import bind_tenant
from tests.media_core.bucket.test_sigv4 import NASTY

# A name is one segment, in one line.
NAMES = st.text(
    st.sampled_from([mark for mark in NASTY if mark not in "/\n\r"])
    | st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="/"),
    min_size=1,
    max_size=200,
)


@pytest.fixture
def document(acme) -> Document:
    with bind_tenant(acme):
        return Document(name="x.pdf")


@pytest.mark.django_db
def test_a_link_is_what_the_route_says_for_any_name(document):
    @hypothesis_settings(max_examples=300, deadline=None)
    @given(NAMES)
    def same(name: str) -> None:
        document.name = name
        assert build_open_path(document) == reverse("documents:open", args=[document.pk, name])

    same()
    assert build_details_path(document) == reverse("library:document", args=[document.pk])


@pytest.mark.django_db
def test_a_link_leads_to_its_document(document):
    assert resolve(build_open_path(document)).kwargs == {
        "document_id": document.pk,
        "name": "x.pdf",
    }
    assert resolve(build_details_path(document)).kwargs == {"document_id": document.pk}
