"""Paths inside a ZIP: they stay below where it is unpacked, on every system, and none overwrites another."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tenants.errors import NameRefused
from tenants.names import MAX_SEGMENT_BYTES, clean_file_name
from tenants.zip_paths import NOT_ON_WINDOWS, WINDOWS_DEVICE, ZipPaths


@pytest.mark.parametrize("segments", [
    ["..", "x"], [".", "x"], ["a", ".."], ["/etc", "passwd"], ["a/../b"], ["a\\b"], ["C:\\x"], ["", "x"], ["a", ""],
    ["a\x00"], ["a\nb"], ["\u202egpj.exe"], ["\ud800"],
])  # fmt: skip
def test_a_segment_that_is_no_name_is_refused(segments):
    with pytest.raises(NameRefused):
        ZipPaths().add(segments)


@pytest.mark.parametrize(("segments", "path"), [
    (["a.pdf"], "a.pdf"), (["Angebote", "2026", "Übersicht – Q3.pdf"], "Angebote/2026/Übersicht – Q3.pdf"),
    (["日本", "語.txt"], "日本/語.txt"), (["C:"], "C_"), (["con", "NUL.txt"], "_con/_NUL.txt"), (["com¹"], "_com¹"),
    (["console"], "console"), (["the end."], "the end_"), (["a<b>c|d?e*f\"g.txt"], "a_b_c_d_e_f_g.txt"),
    ([".htaccess"], ".htaccess"),
])  # fmt: skip
def test_a_path_can_be_unpacked_everywhere(segments, path):
    assert ZipPaths().add(segments) == path


@pytest.mark.parametrize(("names", "paths"), [
    (["a.pdf", "A.PDF", "a.pdf"], ["a.pdf", "A (2).PDF", "a (3).pdf"]),
    (["a", "a"], ["a", "a (2)"]),
    (["a (2).pdf", "a.pdf", "a.pdf"], ["a (2).pdf", "a.pdf", "a (3).pdf"]),
    (["straße", "STRASSE"], ["straße", "STRASSE (2)"]),
    (["a?", "a*"], ["a_", "a_ (2)"]),
    ([".env", ".ENV"], [".env", ".ENV (2)"]),
    (["f/x", "f"], ["f/x", "f (2)"]),
    (["f", "F/x", "F/y"], ["f", "F (2)/x", "F (2)/y"]),
    (["F/x", "f/X"], ["F/x", "f/X (2)"]),
])  # fmt: skip
def test_names_that_would_overwrite_each_other_are_numbered(names, paths):
    made = ZipPaths()
    assert [made.add(name.split("/")) for name in names] == paths


def test_a_long_name_is_cut_to_make_room_for_its_number():
    made, name = ZipPaths(), "語" * 83 + ".pdf"
    assert made.add([name]) == name
    second = made.add([name])
    assert second.endswith("語 (2).pdf")
    assert len(second.encode()) <= MAX_SEGMENT_BYTES


SEGMENT = st.text(
    st.sampled_from('aAbBßé語./\\:*"<>|?~$ \x00\n\u202e123conCONnul'), min_size=1, max_size=12
)


@given(st.lists(st.lists(SEGMENT, min_size=1, max_size=3), min_size=1, max_size=8))
def test_whatever_the_names_paths_stay_inside_and_apart(all_segments):
    made, paths = ZipPaths(), []
    for segments in all_segments:
        try:
            paths.append(made.add(segments))
        except NameRefused:
            continue
    assume(paths)
    assert len({path.casefold() for path in paths}) == len(paths)
    folders = {folder.casefold() for path in paths for folder in above(path)}
    assert not folders & {path.casefold() for path in paths}
    for segment in (segment for path in paths for segment in path.split("/")):
        assert clean_file_name(segment) == segment
        assert not NOT_ON_WINDOWS.search(segment)
        assert not WINDOWS_DEVICE.match(segment)
        assert len(segment.encode()) <= MAX_SEGMENT_BYTES


def above(path):
    parts = path.split("/")[:-1]
    return ["/".join(parts[: number + 1]) for number in range(len(parts))]
