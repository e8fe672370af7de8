"""Honest files of every type are taken, as what they are."""

import pytest

from media_core.storages.content_types import is_inline
from media_core.storages.file_types import CATALOGUE, TYPES_BY_EXTENSION
from tests.samples import samples

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("extension", sorted(TYPES_BY_EXTENSION))
def test_an_honest_file_is_proved_with_any_of_its_claims(extension, prove):
    kind = TYPES_BY_EXTENSION[extension]
    for claim in ("", kind.content_type):
        assert prove(samples()[extension], f"x.{extension.upper()}", claim) == kind.stored_as


def test_there_is_a_sample_for_every_extension():
    assert samples().keys() == TYPES_BY_EXTENSION.keys()


def test_only_what_runs_nothing_is_shown_by_the_browser():
    inline = {kind.content_type for kind in CATALOGUE if is_inline(kind.stored_as)}
    assert inline == {
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "application/pdf",
        "video/mp4", "video/webm", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav",
    }  # fmt: skip
