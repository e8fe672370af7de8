"""What a form that cannot be read is answered: the truth, and what to do about it."""

from io import BytesIO
from typing import Any

import pytest
from django.conf import settings

from media_core.documents.models import Document
from media_core.errors import BucketUnavailable, NotPublished
from tenants.binding import bind_tenant
from tests.conftest import new_session
from tests.media_core.conftest import committed
from tests.media_core.uploads.live import TOKEN
from tests.media_core.wsgi import Answer, asked

__all__ = ["committed"]
pytestmark = pytest.mark.django_db
HEAD = '--B\r\nContent-Disposition: form-data; name="{}"'
EMOJI = "\N{GRINNING FACE}"


def field(name: str, value: str) -> str:
    return f"{HEAD.format(name)}\r\n\r\n{value}\r\n"


def file(name: str, field_name: str = "file") -> str:
    return f'{HEAD.format(field_name)}; filename="{name}"\r\n\r\nbytes\r\n'


@pytest.fixture
def send(committed: Any, acme: Any, globex: Any, people: Any) -> Any:
    """Send parts of a form to acme's upload as its editor does; the answer, and the names that acme then has."""
    key = committed(lambda: new_session(people["ed"], acme))

    def post(*parts: str, path: str = "/upload", **environ: str) -> Answer:
        form = field("csrfmiddlewaretoken", TOKEN) + field("visibility", "private")
        body = (form + "".join(parts) + "--B--\r\n").encode()
        cookies = f"{settings.SESSION_COOKIE_NAME}={key}; {settings.CSRF_COOKIE_NAME}={TOKEN}"
        given: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "HTTP_COOKIE": cookies,
            "HTTP_REFERER": "https://acme.example/",
            "CONTENT_TYPE": "multipart/form-data; boundary=B",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
        }
        return asked("acme.example", path, **{**given, **environ})

    def send_form(*parts: str, **environ: str) -> tuple[Answer, list[str]]:
        def work() -> tuple[Answer, list[str]]:
            answer = post(*parts, **environ)
            with bind_tenant(acme):
                return answer, list(Document.objects.values_list("name", flat=True))

        found: tuple[Answer, list[str]] = committed(work)
        return found

    return send_form


@pytest.mark.parametrize(
    ("parts", "status", "sentence"),
    [
        ([file(EMOJI * 255)], 400, "The name of the file is too long. Shorten it"),
        ([field(f"f{number}", "") for number in range(1_001)], 400, "The form has too many fields."),
        ([file("x", f"f{number}") for number in range(101)], 400, "The form has too many files."),
        ([field("title", "x" * 3_000_000)], 413, "A text in the form is too long."),
    ],
    ids=["long name", "fields", "files", "long text"],
)  # fmt: skip
def test_the_answer_says_what_is_wrong(parts, status, sentence, send):
    answer, names = send(*parts)
    assert (answer.status, sentence in answer.content.decode()) == (status, True)
    assert names == []


def test_a_form_without_a_boundary_says_to_send_it_again(send):
    answer, names = send(CONTENT_TYPE="multipart/form-data")
    assert (answer.status, b"The form could not be read." in answer.content) == (400, True)
    assert names == []


def test_a_request_of_unknown_length_is_a_411(send):
    answer, names = send(file("x.bin"), HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH="")
    assert (answer.status, b"Send it with a Content-Length." in answer.content) == (411, True)
    assert names == []


@pytest.mark.parametrize("hidden", ["\x00", "\u202e", "\u2066", "\x1b", "\u200b"])
def test_a_name_with_what_cannot_be_seen_is_refused_and_not_repaired(hidden, send):
    _, names = send(file(f"a{hidden}gpj.exe"))
    assert names == []


@pytest.mark.parametrize(
    "name", ["Screenshot 3.45.12\u202fPM.bin", "\U0001f469\u200d\U0001f4bb.bin"]
)
def test_a_name_keeps_the_spaces_and_joiners_that_it_is_written_with(name, send):
    assert send(file(name))[1] == [name]


@pytest.mark.parametrize(("sent", "name"), [("C:\\dir\\a.bin", "a.bin"), ("../../b.bin", "b.bin")])
def test_of_a_path_the_name_is_taken(sent, name, send):
    assert send(file(sent))[1] == [name]


def test_a_photo_that_is_stored_and_not_published_says_why(upload, acme, globex):
    with pytest.raises(NotPublished) as refusal:
        upload(b"\0\0\0\x18ftypheic", "IMG_1.HEIC", visibility="public")
    assert refusal.value.message == (
        "The file is stored, but for members only: it could not be published. It looks like a photo, "
        "and where it was taken cannot be removed: export it as JPEG, and upload that."
    )
    with bind_tenant(acme):
        assert Document.objects.get().visibility == "private"


def test_what_is_wrong_on_our_side_stays_in_the_log():
    ours = NotPublished(BucketUnavailable("It answered 503."))
    assert ours.message == "The file is stored, but for members only: it could not be published."
