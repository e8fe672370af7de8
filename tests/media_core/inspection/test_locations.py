"""A published photo does not say where it was taken, and shows the same picture bit by bit."""

from io import BytesIO

import pytest
from PIL import Image

from media_core.errors import PublishingRefused
from media_core.inspection import worker_process
from media_core.inspection.images import FORMATS
from media_core.inspection.photo_locations import copy_without_location
from tests.media_core.inspection.photos import (
    GPS_IFD,
    OTHERWISE_DESCRIBED,
    PROFILE,
    TELLING,
    XMP,
    XMP_PLACES,
    describe_picture,
    exif,
)
from tests.samples import image, pdf, picture


def cleaned(content: bytes, kind: str) -> bytes:
    """Return the copy as the worker makes it."""
    copy = copy_without_location(BytesIO(content), f"image/{kind}")
    assert copy is not None
    with copy:
        return copy.read()


def in_process(content: bytes, kind: str) -> bytes:
    """Return the copy without a worker."""
    return b"".join(FORMATS[kind][2].keep_picture(content))


@pytest.mark.parametrize("name", TELLING)
def test_a_location_is_taken_away_and_the_picture_stays(name):
    kind, content = TELLING[name]
    copy = in_process(content, kind)
    assert describe_picture(copy) == describe_picture(content)
    for word in (b"GPS", b"Berlin", b"Home", b"PlaceName"):
        assert word not in copy
    with Image.open(BytesIO(copy)) as drawn:
        assert not drawn.getexif().get_ifd(GPS_IFD)


@pytest.mark.parametrize("name", OTHERWISE_DESCRIBED)
def test_what_else_is_written_about_a_photo_is_taken_away_as_well(name):
    kind, content = OTHERWISE_DESCRIBED[name]
    copy = in_process(content, kind)
    assert describe_picture(copy) == describe_picture(content)
    for word in (b"Ada", b"GIMP", b"A maker of cameras"):
        assert word not in copy


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp"])
def test_a_photo_of_which_nothing_is_written_is_left_as_it_is(kind):
    content = picture(kind.upper())
    assert in_process(content, kind) == content


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
def test_the_worker_gives_a_clean_copy_or_says_that_none_is_needed(kind):
    photo = BytesIO(picture(kind.upper(), exif=exif(), icc_profile=PROFILE))
    copy = cleaned(photo.getvalue(), kind)
    assert describe_picture(copy) == describe_picture(photo.getvalue())
    assert PROFILE in describe_picture(copy)
    assert copy_without_location(BytesIO(copy), f"image/{kind}") is None
    assert photo.tell() == 0


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
def test_a_turned_photo_stays_turned(kind, orientation):
    content = picture(kind.upper(), exif=exif(orientation=orientation))
    assert describe_picture(in_process(content, kind)) == describe_picture(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK"])
def test_pictures_of_every_kind_survive(kind, mode):
    taken = {"JPEG": {"RGB", "L", "CMYK"}, "PNG": {"RGB", "L", "RGBA", "P"}, "GIF": {"L", "P"}}
    if mode not in taken.get(kind, {"RGB", "RGBA"}):
        return
    content = picture(kind, image(mode=mode))
    assert describe_picture(in_process(content, kind.lower())) == describe_picture(content)


@pytest.mark.parametrize(
    "options",
    [{"progressive": True}, {"quality": 95, "subsampling": 0}, {"restart_marker_rows": 1}],
)
def test_jpegs_of_every_kind_survive(options):
    content = picture("JPEG", image((300, 200)), exif=exif(orientation=3), **options)
    copy = cleaned(content, "jpeg")
    assert describe_picture(copy) == describe_picture(content)
    assert len(content) - len(copy) < 1000


def test_other_files_have_no_location_that_is_known():
    assert copy_without_location(BytesIO(pdf()), "application/pdf") is None
    assert copy_without_location(BytesIO(b"x"), "application/octet-stream") is None


NO_PICTURE = b"no picture at all"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("jpeg", NO_PICTURE),
        ("png", NO_PICTURE),
        ("avif", NO_PICTURE),
        ("gif", NO_PICTURE),
        ("webp", b"RIFF" + (4 + len(NO_PICTURE)).to_bytes(4, "little") + b"WEBP" + NO_PICTURE),
        ("webp", NO_PICTURE),
    ],
    ids=["jpeg", "png", "avif", "gif", "webp", "webp of another length"],
)
def test_what_cannot_be_cleaned_is_not_published(kind, content):
    with pytest.raises(PublishingRefused, match="cannot be removed"):
        copy_without_location(BytesIO(content), f"image/{kind}")


def test_what_cannot_be_shown_again_is_not_published():
    content = picture("PNG", exif=exif())
    torn = content.replace(content[content.index(b"IDAT") + 8 :][:6], b"\0" * 6)
    with pytest.raises(PublishingRefused):
        copy_without_location(BytesIO(torn), "image/png")


def test_a_worker_that_dies_publishes_nothing(monkeypatch):
    monkeypatch.setattr(
        worker_process, "COMMAND", (*worker_process.COMMAND[:1], "-c", "import os; os.abort()")
    )
    with pytest.raises(PublishingRefused):
        copy_without_location(BytesIO(picture("JPEG")), "image/jpeg")


def test_what_a_stream_gives_once_is_read_once():
    class Stream(BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise AssertionError("A stream does not go back.")

    stream = Stream(picture("JPEG", xmp=XMP % XMP_PLACES[0]))
    copy = copy_without_location(stream, "image/jpeg")
    assert copy is not None
    copy.close()
