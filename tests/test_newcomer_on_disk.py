"""A newcomer's path without a bucket: `USE_S3_MEDIA=False make demo`, over real HTTP."""

import hashlib
import json
import time
from base64 import urlsafe_b64decode
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.demo import Demo, token
from tests.test_newcomer import opened, wait_for_end_of_link

pytestmark = pytest.mark.run_first


@pytest.fixture(scope="module")
def demo(demo_on_disk: Demo) -> Demo:
    return demo_on_disk


@pytest.fixture(scope="module")
def ada(demo: Demo) -> requests.Session:
    return demo.signed_in("acme", demo.person("acme", "admin"))


def link(demo: Demo, browser: requests.Session, document: dict[str, str], at: str = "acme") -> str:
    """Return the address of the bytes, as the gateway redirects to it."""
    return demo.url(at, opened(demo, browser, document, at=at).headers["Location"])


def test_it_says_that_there_is_no_bucket_and_where_the_files_are(demo: Demo) -> None:
    assert (demo.facts["storage"], demo.facts["bucket"]) == ("disk", None)
    assert "No bucket: all files under " in demo.said
    assert "AWS_SECRET_ACCESS_KEY=\n" in demo.environment_file.read_text()


def test_every_sample_of_acme_comes_back_byte_for_byte(demo: Demo, ada: requests.Session) -> None:
    for document in demo.documents("acme"):
        response = requests.get(link(demo, ada, document), timeout=60)
        assert hashlib.sha256(response.content).hexdigest() == document["sha256"], document["name"]


def test_upload_open_and_the_same_bytes_whole_and_in_part(
    demo: Demo, ada: requests.Session
) -> None:
    content = "Grüße aus dem Büro 日本".encode() * 1000
    page = ada.get(demo.url("acme"), timeout=60)
    form = {"csrfmiddlewaretoken": token(page.text), "title": "Von Ada", "visibility": "private"}
    files = {"file": ("Grüße – 1.bin", content)}
    page = ada.post(demo.url("acme", "/upload"), data=form, files=files, timeout=60)
    path = page.text.split('href="/d/')[1].split('"')[0]
    whole = ada.get(demo.url("acme", f"/d/{path}"), timeout=60)
    assert whole.content == content
    assert whole.headers["Cache-Control"] == "private, no-store"
    part = requests.get(whole.url, headers={"Range": "bytes=5-9"}, timeout=60)
    assert (part.status_code, part.content) == (206, content[5:10])
    assert "/files/" in whole.url
    assert "/files/" not in page.text


def test_an_address_cannot_be_changed_and_works_on_no_other_host(
    demo: Demo, ada: requests.Session
) -> None:
    url = link(demo, ada, demo.documents("acme", name="Übersicht – Q3.pdf")[0])
    foreign, changed = url.replace("//acme.", "//globex."), url.replace("/files/", "/files/A")
    assert requests.get(url, timeout=60).status_code == 200
    assert [requests.get(other, timeout=60).status_code for other in (foreign, changed)] == [
        404,
        404,
    ]


def lifetime_of(url: str) -> float:
    """Return how many seconds a signed address has left."""
    payload = urlsplit(url).path.split("/")[2].partition(".")[0]
    _, _, expires_at, _ = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return float(expires_at - time.time())


def test_an_address_dies(demo: Demo) -> None:
    ivan = demo.signed_in("initech", demo.person("initech", "admin"))
    document = demo.documents("initech", visibility="private")[0]
    _, over = wait_for_end_of_link(
        demo, lambda: link(demo, ivan, document, at="initech"), lifetime_of
    )
    assert (over.status_code, over.text) == (404, "There is nothing here.\n")


def test_eve_and_a_stranger_cannot_tell_that_it_exists(demo: Demo) -> None:
    private = demo.documents("acme", visibility="private")[0]
    missing = {**private, "id": "00000000-0000-4000-8000-000000000000"}
    eve = demo.signed_in("globex", demo.person("globex", "admin"))
    for browser in (eve, requests.Session()):
        there, nowhere = opened(demo, browser, private), opened(demo, browser, missing)
        assert (there.status_code, there.content) == (404, nowhere.content)


def test_what_is_public_opens_for_everybody_by_a_link_and_has_no_copy(demo: Demo) -> None:
    public = demo.documents("acme", name="brochure.pdf")[0]
    url = link(demo, requests.Session(), public)
    assert "/files/" in url
    answer = requests.get(url, timeout=60)
    assert hashlib.sha256(answer.content).hexdigest() == public["sha256"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert not [one for one in demo.documents("acme") if "public_url" in one]


def test_nothing_lies_where_others_can_read_it(demo: Demo) -> None:
    place = Path(demo.said.split("all files under ")[1].split()[0])
    names = [path for path in place.rglob("*") if path.is_file()]
    assert len(names) >= len(demo.facts["documents"])
    assert all(path.stat().st_mode & 0o077 == 0 for path in [place, *place.rglob("*")])


def test_the_log_has_no_address_of_a_private_file(demo: Demo, ada: requests.Session) -> None:
    url = link(demo, ada, demo.documents("acme")[0])
    answer = requests.get(url, headers={"Range": "bytes=999999999-"}, timeout=60)
    log = Path(demo.said.split("Log: ")[1].split()[0]).read_text()
    assert url.split("/files/")[1].split("/")[0] not in log
    # Others may have asked since.
    lines = [json.loads(line) for line in log.splitlines()]
    routes = {line["route"] for line in lines if line.get("status") == answer.status_code == 416}
    assert routes == {"files/<str:token>/<str:file_name>"}
