"""Names that people give: every script is taken, what cannot be seen or misleads is refused with its reason."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tenants.errors import NameRefused
from tenants.names import (
    BIDI,
    INVISIBLE,
    MAX_NOTE,
    MAX_SEGMENT_BYTES,
    MAX_TITLE,
    clean_file_name,
    clean_folder_name,
    clean_name,
    clean_note,
    clean_title,
)

CHECKS = [clean_name, clean_file_name, clean_folder_name, clean_title, clean_note]
every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)


@pytest.mark.parametrize("name", [
    "Übersicht – Q3.pdf", "日本語.txt", "한국어 문서", "الميزانية ٢٠٢٦", "תקציב", "Бюджет", "Ελλάδα", "ไทย", "हिन्दी",
    "தமிழ்", "മലയാളം", "Tiếng Việt", "ქართული", "አማርኛ", "བོད་ཡིག", "မြန်မာ", "ខ្មែរ", "Straße №5", "😀.png", "👍🏽",
    "🇩🇪",
    "می\u200cخواهم", "PDF\u200cها", "ക\u0d4d\u200d", "क\u0d4d\u200dष", "👩\u200d👩\u200d👧", "❤️\u200d🔥", "🏳️\u200d🌈",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "葛\U000e0100", "1\u00a0000 €",
    "全角　空白",     "100% & more; 'x' <y>", "#1 = a+b @home", "\u0600\u0661", "\U0001fae9", "\U0001fb00",
])  # fmt: skip
def test_names_of_every_script_are_kept_as_they_are(name):
    assert clean_name(name) == name


@pytest.mark.parametrize("name", [
    ".htaccess", "no dot at the end.", "CON", "nul.txt", "a:b?.pdf", "README", "x.tar.gz", "..a",
])  # fmt: skip
def test_a_files_name_may_be_one_that_some_system_would_not_take(name):
    assert clean_file_name(name) == name


def test_a_name_is_kept_in_nfc_without_space_around_it():
    assert clean_name(" \u00a0U\u0308bersicht\u3000") == "Übersicht"


REFUSED = [
    ("", "empty"), (" \u3000 ", "empty"), ("a\x00b", "control character (U+0000)"), ("a\nb", "U+000A"),
    ("a\tb", "U+0009"),
    ("a\x7fb", "U+007F"), ("a\x9fb", "U+009F"), ("photo\u202egpj.exe", "turns the reading direction (U+202E)"),
    ("a\u200eb", "U+200E"), ("a\u200fb", "U+200F"), ("a\u061cb", "U+061C"), ("a\u2066b", "U+2066"),
    ("of\u00adfer", "invisible character (U+00AD)"), ("a\u200bb", "U+200B"), ("\ufeffa", "U+FEFF"),
    ("a\u2060b", "U+2060"),
    ("a\ufff9b", "U+FFF9"), ("a\U000e0041b", "U+E0041"), ("\U0001f3f4\U000e0067", "U+E0067"), ("a\u3164b", "U+3164"),
    ("a\u034fb", "U+034F"), ("in\u200dvoice", "joiner where it joins nothing (U+200D)"), ("a\u200c", "U+200C"),
    ("\u200dक", "U+200D"), ("क\u200d\u200dक", "U+200D"), ("\ud800", "half a character (U+D800)"),
    ("a\ue000b", "private character (U+E000)"), ("a\U0010fffdb", "U+10FFFD"), ("a\ufdd0b", "no character (U+FDD0)"),
    ("a\uffffb", "U+FFFF"), ("a\U0001fffeb", "U+1FFFE"), ("a\u2065b", "U+2065"),
    ("a\u2028b", "line separator (U+2028)"),
    ("a\u2029b", "U+2029"), ("\u0301a", "begins with a mark"), ("a" + "\u0301" * 10, "marks on one letter"),
]  # fmt: skip


@every_check
@pytest.mark.parametrize(("name", "why"), REFUSED, ids=lambda value: ascii(value)[:30])
def test_what_cannot_be_seen_or_misleads_is_refused_with_its_reason(check, name, why):
    if check is clean_note and name in {"a\nb", "a\tb"}:
        pytest.skip("A note has several lines.")
    with pytest.raises(NameRefused) as refused:
        check(name)
    assert why in refused.value.detail
    assert refused.value.detail.isprintable()


@pytest.mark.parametrize("name", ["/etc/passwd", "a/b.pdf", "..\\x", "C:\\x", ".", "..", "..."])
@pytest.mark.parametrize("check", [clean_file_name, clean_folder_name])
def test_a_path_is_no_name_of_a_file_or_folder(check, name):
    with pytest.raises(NameRefused):
        check(name)


@pytest.mark.parametrize(("check", "character", "most", "unit"), [
    (clean_name, "a", 120, "characters"), (clean_title, "語", MAX_TITLE, "characters"),
    (clean_file_name, "a", 200, "characters"), (clean_file_name, "語", MAX_SEGMENT_BYTES // 3, "bytes"),
    (clean_folder_name, "a", 120, "characters"), (clean_folder_name, "語", MAX_SEGMENT_BYTES // 3, "bytes"),
    (clean_note, "é", MAX_NOTE, "characters"),
])  # fmt: skip
def test_length_is_counted_in_characters_and_in_bytes(check, character, most, unit):
    assert check(character * most) == character * most
    with pytest.raises(NameRefused, match=f"{unit}.* is the most"):
        check(character * (most + 1))


def test_length_is_that_of_the_name_as_it_is_kept():
    assert clean_name("e\u0301" * 120) == "é" * 120


def test_a_note_has_lines_and_one_kind_of_line_breaks():
    assert clean_note(" Reason:\r\n\r\n- one\r- two\t(3)\n") == "Reason:\n\n- one\n- two\t(3)"


# Names that hypothesis finds by itself are mostly refused: half of the letters are from here.
PLAIN = st.sampled_from("abcÜé日本हنש ._-()👩🏽\u200d\u200c\u0301\u0308")
ANY = st.text(st.one_of(PLAIN, st.characters()), max_size=140)


@every_check
@given(value=ANY)
def test_what_is_taken_is_nfc_stays_itself_and_has_nothing_that_is_refused(check, value):
    try:
        name = check(value)
    except NameRefused:
        assume(False)
    assert check(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert name == name.strip() != ""
    assert not set(name) & (BIDI | INVISIBLE | set("\u200b\ufeff\u00ad\u2028\u2029\x00\r"))
    assert name.encode().decode() == name
    forbidden = {"Cs", "Co"} if check is clean_note else {"Cs", "Co", "Cc"}
    assert not forbidden & {unicodedata.category(character) for character in name}
    # What people gave is what they get, but for its form.
    assert (
        name
        == unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    )
