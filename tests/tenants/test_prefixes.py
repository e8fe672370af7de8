"""Rooms of the bucket: which prefixes are legal, and that no key ever leaves its room."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from tenants.errors import KeyOutsidePrefix, NameRefused, PrefixRefused
from tenants.prefixes import (
    MAX_ASCII_NAME,
    MAX_KEY_BYTES,
    MAX_PREFIX_BYTES,
    Prefix,
    make_ascii_name,
    overlaps,
    validate_deployment_prefix,
    validate_location_prefix,
)

ACME = Prefix("acme/")
patiently = given_settings(deadline=None)

# What people and attackers put into names, in any order.
HOSTILE = st.lists(
    st.sampled_from(
        (
            "private", "media", "incoming", "PRIVATE", "/", "//", ".", "..", "...", "\\", "%2e%2e", "%2F", "..%2f",
            "\x00", "\n", "\r", "\t", "\x7f", "\x85", "\ud800", "\u202e", "\u2028", "․", "／", "．", "…", " ", "~",
            "acme/", "globex/", "a", "é", "日本", "x" * 300, "?", "#", "&", "+", "*", "_gateway", "file.pdf",
        )
    ),
    max_size=8,
).map("".join)  # fmt: skip
ANY_NAME = st.one_of(
    HOSTILE,
    st.text(),
    st.tuples(st.sampled_from(("media/", "private/")), st.text()).map("".join),
    st.tuples(st.sampled_from(("media/", "private/")), HOSTILE).map("".join),
)


def is_legal(prefix: str) -> bool:
    try:
        validate_location_prefix(prefix)
    except PrefixRefused:
        return False
    return True


SEGMENT = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
LEGAL_PREFIX = (
    st.lists(SEGMENT, min_size=1, max_size=3)
    .map(lambda segments: "/".join(segments) + "/")
    .filter(is_legal)
)


def key_or_nothing(prefix: Prefix, name: str) -> str:
    """Return the key, or nothing when the name is refused. Any other error fails the test."""
    try:
        return prefix.build_key(name)
    except (KeyOutsidePrefix, NameRefused):
        return ""


def lies_strictly_inside(key: str, room: str) -> bool:
    rest = key.removeprefix(room)
    segments = rest.split("/")
    return (
        key.startswith(room)
        and segments[0] in {"media", "private"}
        and len(segments) > 1
        and not {"", ".", ".."}.intersection(segments)
        and "\\" not in rest
        and not any(unicodedata.category(character) in {"Cc", "Cs"} for character in rest)
        and len(key.encode()) <= MAX_KEY_BYTES
    )


@patiently
@given(ANY_NAME, LEGAL_PREFIX, st.one_of(st.just(""), LEGAL_PREFIX))
@example("private/../../globex/private/x", "acme/", "")
@example("media/..", "acme/", "")
@example("private/" + "é" * 447, "acme/", "")
def test_a_name_is_refused_or_its_key_lies_strictly_inside_the_room(name, location, deployment):
    key = key_or_nothing(Prefix(location, deployment), name)
    assert key == "" or lies_strictly_inside(key, deployment + location)


@patiently
@given(ANY_NAME, LEGAL_PREFIX, st.one_of(st.just(""), LEGAL_PREFIX))
def test_the_name_comes_back_out_of_its_key_unchanged(name, location, deployment):
    room = Prefix(location, deployment)
    key = key_or_nothing(room, name)
    assert key == "" or (room.holds(key) and room.extract_name(key) == name)


@patiently
@given(LEGAL_PREFIX, LEGAL_PREFIX, ANY_NAME)
@example("acme/", "acme2/", "private/x")
@example("acme/", "acme./", "private/x")
def test_rooms_that_do_not_overlap_never_hold_each_others_keys(one, other, name):
    key = key_or_nothing(Prefix(one), name)
    assert overlaps(one, other) or not Prefix(other).holds(key)


@patiently
@given(LEGAL_PREFIX, LEGAL_PREFIX)
def test_overlapping_is_mutual_and_blind_to_case(one, other):
    assert overlaps(one, other) == overlaps(other, one) == overlaps(one.swapcase(), other)


@pytest.mark.parametrize("name", [
    "private/2026/offer.pdf", "media/logo.svg", "private/incoming/0b5e", "private/日本語.txt", "private/a b",
    "private/..x", "private/x..", "private/...", "private/media/x", "private/%2e%2e/x", "private/" + "x" * 887,
])  # fmt: skip
def test_takes_a_name_in_an_area(name):
    assert ACME.build_key(name) == f"acme/{name}"


@pytest.mark.parametrize("name", [
    "..", "../globex/private/x", "/private/x", "private/..", "private/../x", "private/./x", "./private/x",
    "media", "private", "x", "globex/private/x", "_gateway/owner", "Private/x", "incoming/x", "acme/private/x",
    "%70rivate/x", " private/x", "\u202eprivate/x", "ｐrivate/x", "private\uff0fx",
])  # fmt: skip
def test_refuses_a_name_that_leaves_the_areas_of_the_room(name):
    with pytest.raises(KeyOutsidePrefix):
        ACME.build_key(name)


@pytest.mark.parametrize("name", [
    "", "private/", "private//x", "media//", "private/x/", "private/a\\b", "private/a\x00b", "private/a\nb",
    "private/a\x7f", "private/a\x85", "private/\ud800", "private/" + "x" * 888, "private/" + "é" * 444,
])  # fmt: skip
def test_refuses_a_name_that_no_key_can_be_made_of(name):
    with pytest.raises(NameRefused):
        ACME.build_key(name)


@pytest.mark.parametrize("prefix", [
    "acme/", "example_project/", "a/", "0/", "A/", "agency/acme/", "a.b-c_d/", "a../", "Acme-2/2026/", "privately/",
    "mediation/", "x-media/", f"{'x' * 63}/", f"{'x' * 63}/" * 3,
])  # fmt: skip
def test_takes_a_legal_location_prefix(prefix):
    assert validate_location_prefix(prefix) == prefix == str(Prefix(prefix))


@pytest.mark.parametrize("prefix", [
    "", "/", "acme", "/acme/", "a//", "a//b/", "//", "media/", "private/", "incoming/", "Private/x/", "a/MEDIA/",
    "x/Incoming/y/", "_gateway/", "a/_b/", ".a/", "-a/", "./", "../", "a/../", "a b/", " a/", "a /", "é/", "а/",
    "ａ/", "a\\/", "a\x00/", "a\n/", "acme/\n", "\nacme/", "acme/\r\n", "acme/ ", "a%2f/", "a:/", "*/", "\u212a/",
    f"{'x' * 64}/", "x/" * 101,
])  # fmt: skip
def test_refuses_an_illegal_location_prefix(prefix):
    with pytest.raises(PrefixRefused) as refused:
        validate_location_prefix(prefix)
    assert refused.value.detail


@pytest.mark.parametrize("prefix", ["acme", "media/", "/acme/", "", "a//"])
def test_makes_no_room_of_an_illegal_prefix(prefix):
    with pytest.raises(PrefixRefused):
        Prefix(prefix)


@pytest.mark.parametrize("prefix", ["live", "private/", "/live/", "_gateway/", "live/\n"])
def test_makes_no_room_in_a_deployment_with_an_illegal_prefix(prefix):
    with pytest.raises(PrefixRefused):
        Prefix("acme/", prefix)


def test_a_deployment_needs_no_prefix():
    assert validate_deployment_prefix("") == ""


@patiently
@given(st.text(alphabet="aZ0._-/é \n", max_size=12))
def test_a_checked_prefix_is_made_of_clean_segments(value):
    assert not is_legal(value) or (value.endswith("/") and all(value[:-1].split("/")))


def test_the_longest_prefixes_leave_room_for_a_name():
    longest = ("x" * 49 + "/") * 4
    assert len(longest) == MAX_PREFIX_BYTES
    assert Prefix(longest, longest).build_key(f"private/{'y' * 36}/{'z' * MAX_ASCII_NAME}")


def test_the_deployments_prefix_stands_before_the_tenants():
    assert Prefix("acme/", "live/").build_key("media/x") == "live/acme/media/x"


@pytest.mark.parametrize(
    "key", ["acme/private/x", "staging/acme/private/x", "live/acme2/private/x", "live/acme/"]
)
def test_the_room_of_one_deployment_does_not_hold_anothers_keys(key):
    assert not Prefix("acme/", "live/").holds(key)


@pytest.mark.parametrize("key", [
    "", "acme/", "acme", "acme2/private/x", "Acme/private/x", "xacme/private/x", "/acme/private/x", " acme/x",
    "globex/acme/private/x",
])  # fmt: skip
def test_a_room_does_not_hold_keys_beside_it(key):
    assert not ACME.holds(key)
    with pytest.raises(KeyOutsidePrefix):
        ACME.extract_name(key)


@pytest.mark.parametrize(("one", "other"), [
    ("acme/", "acme/"), ("acme/", "ACME/"), ("acme/", "acme/sub/"), ("a/b/c/", "A/"), ("a/B/", "A/b/c/"),
])  # fmt: skip
def test_prefixes_that_overlap(one, other):
    assert overlaps(one, other)
    assert overlaps(other, one)


@pytest.mark.parametrize(("one", "other"), [
    ("acme/", "acme2/"), ("acme/", "acm/"), ("acme/", "acme./"), ("acme/", "acme-x/"), ("a/b/", "a/bc/"),
    ("a/b/", "b/a/"), ("acme/", "x/acme/"),
])  # fmt: skip
def test_prefixes_that_stand_side_by_side(one, other):
    assert not overlaps(one, other)
    assert not overlaps(other, one)


@patiently
@given(st.one_of(ANY_NAME, st.text(max_size=400)))
@example("." * 300)
@example("x" * 200 + ".pdf")
@example("a." + "x" * 200)
def test_a_safe_name_is_short_plain_ascii_that_a_key_can_be_made_of(display_name):
    safe = make_ascii_name(display_name)
    assert safe.isascii()
    assert 1 <= len(safe) <= MAX_ASCII_NAME
    assert ACME.build_key(f"private/x/{safe}") == f"acme/private/x/{safe}"


@pytest.mark.parametrize(("display_name", "safe"), [
    ("offer.pdf", "offer.pdf"), ("Übersicht – Q3.pdf", "Ubersicht-Q3.pdf"), ("日本語.txt", "file.txt"), ("", "file"),
    ("..", "file"), (".htaccess", "htaccess"), ("../../etc/passwd", "passwd"), ("C:\\Users\\x.docx", "x.docx"),
    ("a.tar.gz", "a-tar.gz"), ("x.php\x00.jpg", "x-php.jpg"), ("photo\u202egpj.exe", "photogpj.exe"),
    ("ﬁle.ﬁ", "file.fi"), ("x." + "y" * 40, "x." + "y" * 16), ("x" * 200 + ".pdf", "x" * 96 + ".pdf"),
])  # fmt: skip
def test_safe_names(display_name, safe):
    assert make_ascii_name(display_name) == safe
