"""A newcomer's path over real HTTP, against the demo as `make demo` starts it."""

import hashlib
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from gateway.demo.samples import make_pdf
from tests.demo import SECONDS_TO_START, SHORT_LINK_SECONDS, Demo, token

pytestmark = pytest.mark.run_first


@pytest.fixture(scope="module")
def demo(demo_with_bucket: Demo) -> Demo:
    return demo_with_bucket


@pytest.fixture(scope="module")
def ada(demo: Demo) -> requests.Session:
    return demo.signed_in("acme", demo.person("acme", "admin"))


def opened(
    demo: Demo, browser: requests.Session, document: dict[str, str], at: str = "acme"
) -> requests.Response:
    """Ask for a document without following the redirect."""
    path = f"/d/{document['id']}/{document['name']}"
    return browser.get(demo.url(at, path), allow_redirects=False, timeout=60)


def test_every_sample_of_acme_comes_back_byte_for_byte(demo: Demo, ada: requests.Session) -> None:
    for document in demo.documents("acme"):
        response = requests.get(opened(demo, ada, document).headers["Location"], timeout=60)
        assert hashlib.sha256(response.content).hexdigest() == document["sha256"], document["name"]


def test_upload_open_redirect_and_the_same_bytes(demo: Demo, ada: requests.Session) -> None:
    content = make_pdf("Grüße aus dem Büro", 30)
    page = ada.get(demo.url("acme"), timeout=60)
    form = {"csrfmiddlewaretoken": token(page.text), "title": "Von Ada", "visibility": "private"}
    page = ada.post(
        demo.url("acme", "/upload"),
        data=form,
        files={"file": ("Grüße – 1.pdf", content)},
        timeout=60,
    )
    assert "Von Ada" in page.text
    assert "Signature" not in page.text
    path = page.text.split('href="/d/')[1].split('"')[0]
    response = ada.get(demo.url("acme", f"/d/{path}"), timeout=60)
    assert response.content == content
    assert (
        response.headers["Content-Disposition"]
        == "inline; filename*=utf-8''Gr%C3%BC%C3%9Fe%20%E2%80%93%201.pdf"
    )
    assert response.headers["Cache-Control"] == "private, no-store"


def test_a_link_lives_as_long_as_it_says_and_cannot_be_changed(
    demo: Demo, ada: requests.Session
) -> None:
    document = demo.documents("acme", visibility="private")[0]
    link = opened(demo, ada, document).headers["Location"]
    foreign = link.replace("/acme/", "/globex/")
    other = link.replace("X-Amz-Expires=3600&", "X-Amz-Expires=2&")
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["3600"]
    assert requests.get(link, timeout=60).status_code == 200
    assert [requests.get(url, timeout=60).status_code for url in (foreign, other)] == [403, 403]


def wait_for_end_of_link(
    demo: Demo, new_link: Callable[[], str], lifetime_of: Callable[[str], float]
) -> tuple[str, requests.Response]:
    """Open a link of initech's that lives for seconds; return it and the answer after its end.

    Where a busy machine took longer to ask than the link lived, links live longer.
    """
    for seconds in (SHORT_LINK_SECONDS, 10, 50):
        if seconds != SHORT_LINK_SECONDS:
            demo.manage("tenant", "links", "initech/", "--seconds", str(seconds))
        before = time.monotonic()
        link = new_link()
        lifetime_seconds = lifetime_of(link)
        status = requests.get(link, timeout=60).status_code
        if status == 200:
            while (answer := requests.get(link, timeout=60)).status_code == 200:
                assert time.monotonic() - before < lifetime_seconds + 60
                time.sleep(0.1)
            return link, answer
        assert time.monotonic() - before > lifetime_seconds - 1, "It ended before its time."
    raise AssertionError("No link lived long enough to be opened.")


def test_a_link_dies(demo: Demo) -> None:
    ivan = demo.signed_in("initech", demo.person("initech", "admin"))
    document = demo.documents("initech", visibility="private")[0]
    link, answer = wait_for_end_of_link(
        demo,
        lambda: opened(demo, ivan, document, at="initech").headers["Location"],
        lambda url: int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0]),
    )
    longer = re.sub(r"X-Amz-Expires=\d+&", "X-Amz-Expires=3600&", link)
    assert longer != link
    assert [answer.status_code, requests.get(longer, timeout=60).status_code] == [403, 403]


def test_eve_of_globex_and_a_stranger_cannot_tell_that_it_exists(demo: Demo) -> None:
    private = demo.documents("acme", visibility="private")[0]
    missing = {**private, "id": "00000000-0000-4000-8000-000000000000"}
    eve = demo.signed_in("globex", demo.person("globex", "admin"))
    # Her session of globex, carried over by hand.
    at_acme = requests.Session()
    at_acme.cookies.update({cookie.name: cookie.value or "" for cookie in eve.cookies})
    for browser in (eve, at_acme, requests.Session()):
        there, nowhere = opened(demo, browser, private), opened(demo, browser, missing)
        assert (there.status_code, there.content) == (404, nowhere.content)
        assert set(there.headers) == set(nowhere.headers)


def test_the_bucket_itself_gives_a_stranger_nothing(demo: Demo, ada: requests.Session) -> None:
    link = urlsplit(opened(demo, ada, demo.documents("acme")[0]).headers["Location"])
    bucket = f"{link.scheme}://{link.netloc}"
    name = demo.facts["bucket"]["name"]
    asked = (
        f"{bucket}{link.path}",
        f"{bucket}/{name}",
        f"{bucket}/{name}?list-type=2",
        f"{bucket}/",
    )
    assert [requests.get(url, timeout=60).status_code for url in asked] == [403, 403, 403, 403]


def test_a_public_document_opens_for_everybody_and_a_private_one_does_not(demo: Demo) -> None:
    statuses = {
        document["visibility"]: opened(demo, requests.Session(), document).status_code
        for document in demo.documents("acme")
    }
    assert statuses == {"public": 302, "private": 404}


def test_the_demo_has_a_folder_that_only_some_can_tell_of(demo: Demo) -> None:
    (contracts,) = [folder for folder in demo.facts["folders"] if folder["restricted"]]
    inside = demo.documents("acme", folder=contracts["path"])
    assert (contracts["path"], len(inside)) == ("Contracts", 2)
    assert contracts["readers"] == ["ada@acme.example", "ed@acme.example"]
    for role, status in (("admin", 302), ("viewer", 404)):
        browser = demo.signed_in("acme", demo.person("acme", role))
        assert opened(demo, browser, inside[0]).status_code == status
        listed = "Contracts" in browser.get(demo.url("acme"), timeout=60).text
        assert listed == (status == 302)


def test_head_describes_a_document_from_its_row(demo: Demo, ada: requests.Session) -> None:
    document = demo.documents("acme", name="site-recording.bin")[0]
    answer = ada.head(demo.url("acme", f"/d/{document['id']}/x"), timeout=60)
    assert (answer.status_code, answer.headers["Content-Length"]) == (
        200,
        str(document["size_bytes"]),
    )


def test_the_agency_sees_its_tenants_and_a_tenants_admin_does_not(
    demo: Demo, ada: requests.Session
) -> None:
    olga = demo.signed_in("agency", demo.person("agency", "owner"))
    assert "globex.localhost" in olga.get(demo.url("agency"), timeout=60).text
    carried = requests.Session()
    carried.cookies.update({cookie.name: cookie.value or "" for cookie in ada.cookies})
    assert "globex" not in carried.get(demo.url("agency"), timeout=60).text


def test_a_person_who_forgot_the_password_sets_another_by_mail(demo: Demo) -> None:
    browser, page = requests.Session(), demo.url("globex", "/accounts/password/reset/")
    form = {
        "csrfmiddlewaretoken": token(browser.get(page, timeout=60).text),
        "email": "gus@globex.example",
    }
    assert "Look at your mail" in browser.post(page, data=form, timeout=60).text
    link = find_mailed_link(demo, "globex", "/accounts/password/reset/key/")
    assert 'name="password1"' in browser.get(link, timeout=60).text


def find_mailed_link(demo: Demo, label: str, path: str) -> str:
    """Return the address that was mailed, once the demo's worker has sent it."""
    link = re.compile(re.escape(demo.url(label, path)) + r"\S+")
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until:
        for mail in demo.environment_file.with_name("mail").iterdir():
            if found := link.search(mail.read_text()):
                return found[0]
        time.sleep(0.1)
    raise AssertionError(f"No mail has a link to {demo.url(label, path)}.")


def test_many_at_once_get_each_their_own(demo: Demo, ada: requests.Session) -> None:
    eve = demo.signed_in("globex", demo.person("globex", "admin"))
    asked = [(ada, "acme"), (eve, "globex")] * 40

    def prefix_in_link(who: tuple[requests.Session, str]) -> bool:
        browser, label = who
        cookies = requests.Session()
        cookies.cookies = browser.cookies
        link = opened(demo, cookies, demo.documents(label)[0], at=label).headers["Location"]
        return f"/{label}/private/" in link

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(prefix_in_link, asked))


def test_the_demo_says_who_signs_in_where_and_that_it_begins_from_scratch(demo: Demo) -> None:
    assert all(
        person["email"] in demo.said and person["password"] in demo.said
        for person in demo.facts["people"]
    )
    assert all(site["url"] in demo.said for site in demo.facts["sites"].values())
    assert "from scratch" in demo.said
