"""What would fill memory, disk or time is refused in any case, soon, and without a mark on the gateway."""

import io
import os
import resource
import struct
import zipfile
import zlib
from io import BytesIO

import pytest
from PIL import Image

from media_core.errors import InspectionBusy, TypeRefused
from media_core.inspection import images, verdicts, worker, worker_process
from media_core.inspection.archives import LOCAL_HEADER, prove_zip
from media_core.inspection.photos import jpeg
from media_core.inspection.verdicts import OverLimit, Unproved
from tests.media_core.inspection.conftest import Prove
from tests.samples import animation, open_xml, picture, zipped

pytestmark = pytest.mark.django_db
CPU_SECONDS = 15


def png_of(width: int, height: int) -> bytes:
    """Return a small PNG that unpacks to very many grey pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(bytes(width + 1)) for _ in range(height)) + rows.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def overlapping(copies: int, size_bytes: int) -> bytes:
    """Return a ZIP file whose entries all have the same packed bytes (the bomb of David Fifield)."""
    file = BytesIO(zipped({"a": os.urandom(size_bytes)}))
    with zipfile.ZipFile(file, "a") as archive:
        first = archive.infolist()[0]
        for number in range(copies):
            other = zipfile.ZipInfo(f"{number}")
            for name in ("header_offset", "compress_type", "compress_size", "file_size", "CRC"):
                setattr(other, name, getattr(first, name))
            archive.filelist.append(other)
        archive._didModify = True  # type: ignore[attr-defined]
    return file.getvalue()


def lying(size_bytes: int, told_bytes: int) -> bytes:
    """Return a ZIP file whose one file unpacks to more than its table of contents and its own head say."""
    content, told = zipped({"a": bytes(size_bytes)}), struct.pack("<I", told_bytes)
    local, central = 22, content.index(b"PK\x01\x02") + 24
    told_crc = struct.pack("<I", zlib.crc32(bytes(told_bytes)))
    for at in (local, central):
        content = content[: at - 8] + told_crc + content[at - 4 : at] + told + content[at + 4 :]
    return content


BOMBS = {
    "picture of 100 million pixels": ("a.png", lambda: png_of(10_000, 10_000)),
    "picture that is one line too high": ("a.png", lambda: png_of(8_000, 5_001)),
    "animation of many frames": (
        "a.gif",
        lambda: animation("GIF", verdicts.MAX_FRAMES + 1, (1, 1)),
    ),
    "ZIP file of zeros": ("a.zip", lambda: zipped({"a": bytes(20_000_000)})),
    "office file of zeros": ("a.xlsx", lambda: open_xml("xlsx", **{"xl/x.xml": bytes(20_000_000)})),
    "ZIP file of many files": (
        "a.zip",
        lambda: zipped({str(n): "" for n in range(verdicts.MAX_ENTRIES + 1)}),
    ),
    "ZIP file that says too little": ("a.zip", lambda: lying(50_000_000, 5)),
}


def used_cpu() -> float:
    """Return the seconds that this process and the workers that ended had the CPU, however busy the machine is."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("other", [False, True])
def test_a_bomb_is_refused_soon_even_where_others_are_taken(bomb, other, prove):
    name, made = BOMBS[bomb]
    content, cpu_seconds, before = made(), used_cpu(), resource.getrusage(resource.RUSAGE_SELF)
    with pytest.raises(TypeRefused, match="cannot be checked") as refusal:
        prove(content, name, other=other)
    assert "It took more than" not in str(refusal.value)
    assert used_cpu() - cpu_seconds < CPU_SECONDS
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_maxrss - before.ru_maxrss < 100_000, "kB in the gateway's own process"


def test_a_zip_file_whose_files_overlap_is_refused(prove):
    content = overlapping(50, 1_000_000)
    assert len(zipfile.ZipFile(BytesIO(content)).infolist()) == 51
    with pytest.raises(TypeRefused, match="overlap"):
        prove(content, "a.zip")


def test_a_picture_and_an_animation_of_the_most_pixels_are_taken(prove):
    assert prove(png_of(8_000, 5_000), "a.png") == "image/png"
    assert prove(animation("GIF", 300, (100, 100)), "a.gif") == "image/gif"


@pytest.mark.parametrize("kind", ["webp", "png", "avif", "gif"])
def test_the_frames_of_every_format_are_counted(kind, monkeypatch):
    content = animation(kind.upper(), 5)
    images.prove_picture(BytesIO(content), kind)
    monkeypatch.setattr(images, "MAX_ANIMATION_PIXELS", 5 * 200 - 1)
    with pytest.raises(OverLimit, match="frames"):
        images.prove_picture(BytesIO(content), kind)
    monkeypatch.setattr(images, "MAX_FRAMES", 4)
    with pytest.raises(OverLimit, match="5 frames"):
        images.prove_picture(BytesIO(content), kind)


# --- ZIP files that hide something


def changed(content: bytes, at: int, what: bytes) -> bytes:
    return content[:at] + what + content[at + len(what) :]


def with_gap() -> bytes:
    """Return a ZIP file with bytes between its file and its table of contents that belong to nothing."""
    content = zipped({"a": "x"})
    at = content.index(b"PK\x01\x02")
    moved = content[:at] + b"<script>" + content[at:]
    return changed(moved, len(moved) - 6, struct.pack("<I", at + 8))


def duplicate() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", "one")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", "two")
    return file.getvalue()


TWO = zipped({"a": "x" * 50, "b": "y" * 50})
DIRECTORY = TWO.index(b"PK\x01\x02")


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (duplicate(), "two files of one name"),
        (changed(changed(TWO, 6, b"\1"), DIRECTORY + 8, b"\1"), "password"),
        (zipped({"a": "x"}, zipfile.ZIP_LZMA), "packed in a way"),
        (with_gap(), "stands between them"),
        (changed(TWO, LOCAL_HEADER.size, b"z"), "says something else"),
        (changed(TWO, 0, b"XX"), "not where it should be"),
        (changed(TWO, DIRECTORY + 16, b"\0\0\0\0"), "broken"),
        (changed(TWO, LOCAL_HEADER.size + 2, b"\xff\xff"), "broken"),
        (zipped({}), "is empty"),
        (TWO[:-1], "end like"),
        (changed(TWO, 22, b"\xff\0\0\0"), "says something else"),
        (changed(TWO, DIRECTORY, b"XX"), "cannot be read"),
    ],
)
def test_a_zip_file_that_hides_something_is_not_proved(content, seen):
    with pytest.raises(Unproved, match=seen):
        prove_zip(BytesIO(content))


def test_a_zip_file_of_a_large_table_of_contents_is_not_even_read():
    content = changed(TWO, len(TWO) - 10, struct.pack("<I", 5_000_001))
    with pytest.raises(OverLimit, match="table of contents"):
        prove_zip(BytesIO(content))


def test_what_is_written_as_a_stream_is_proved():
    class Pipe(io.RawIOBase):
        """Takes bytes and never goes back, so that sizes stand behind each file."""

        def __init__(self):
            self.taken = b""

        def writable(self):
            return True

        def write(self, part):
            self.taken += bytes(part)
            return len(part)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", "x" * 1000)
        archive.writestr("b", "y" * 1000)
    assert sorted(prove_zip(BytesIO(pipe.taken))) == ["a", "b"]


# --- the worker


def test_a_worker_that_takes_too_long_is_ended_and_the_file_refused(prove, monkeypatch):
    monkeypatch.setattr(worker_process, "WALL_SECONDS", 0.01)
    with pytest.raises(TypeRefused, match=r"cannot be checked. It took more than 0\.01 seconds"):
        prove(picture("PNG"), "a.png", other=True)


@pytest.mark.parametrize(
    "does",
    [
        "import os; os.abort()",
        "raise MemoryError",
        "import sys; sys.exit(3)",
        "print('proved')",
        "import sys; sys.stderr.write('[1]')",
        'import sys; sys.stderr.write(\'{"says": "proved", "and": 1}\')',
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    ],
)
def test_a_worker_that_dies_proves_nothing(does, prove: Prove, monkeypatch):
    monkeypatch.setattr(worker_process, "COMMAND", (*worker_process.COMMAND[:1], "-c", does))
    with pytest.raises(TypeRefused, match="cannot be checked"):
        prove(picture("PNG"), "a.png", other=True)


def test_a_worker_has_no_memory_time_or_secret_to_spare(tmp_path, monkeypatch):
    does = (
        "import sys, json, os, resource as r; sys.argv[1:] = ['prove', 'zip'];"
        "from media_core.inspection import worker; worker.set_resource_limits(sys.stdin.buffer);"
        "limits = [r.getrlimit(w)[0] for w in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_NOFILE, r.RLIMIT_FSIZE)];"
        "said = [limits, os.nice(0), sorted(os.environ), 'django' in sys.modules];"
        "sys.stderr.write(json.dumps({'says': 'x', 'why': json.dumps(said)}))"
    )
    monkeypatch.setattr(worker_process, "COMMAND", (*worker_process.COMMAND[:4], "-c", does))
    monkeypatch.setenv("DJANGO_SECRET_KEY", "secret")
    with (tmp_path / "x").open("w+b") as file:
        file.write(b"x" * 100)
        said = worker_process.run_inspection("prove", "zip", file).why
    limits = [
        worker.MEMORY_BYTES,
        verdicts.CPU_SECONDS,
        worker.OPEN_FILES,
        100 + worker.MAX_ADDED_BYTES,
    ]
    assert said.startswith(f"[{limits}, {worker.LOWEST_NICENESS}, [")
    assert "DJANGO" not in said
    assert said.endswith("false]")


def test_nothing_of_the_caller_can_be_written_by_the_worker(tmp_path):
    (tmp_path / "x").write_bytes(b"x")
    with (tmp_path / "x").open("r+b") as file, worker_process.open_read_only(file) as own:
        with pytest.raises(io.UnsupportedOperation):
            own.write(b"y")
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(own.fileno(), b"y")


def test_who_waits_too_long_for_a_worker_is_told_to_try_again(prove, monkeypatch):
    monkeypatch.setattr(worker_process, "WAIT_SECONDS", 0.01)
    for _ in range(worker_process.MAX_WORKERS):
        worker_process._worker_slots.acquire()
    try:
        with pytest.raises(InspectionBusy):
            prove(picture("PNG"), "a.png")
    finally:
        for _ in range(worker_process.MAX_WORKERS):
            worker_process._worker_slots.release()
    assert prove(picture("PNG"), "a.png") == "image/png"


def test_only_the_named_format_is_tried():
    for kind in ("BMP", "TIFF", "ICO", "PPM"):
        drawn = Image.new("RGB", (32, 32))
        with pytest.raises(Unproved):
            images.prove_picture(BytesIO(picture(kind, drawn)), "png")


def draw_in_scans(scans: int) -> bytes:
    """Return a progressive JPEG whose last scan is there so often that it has so many."""
    data = picture("JPEG", progressive=True)
    found = [segment for segment in jpeg.iterate_segments(data) if segment.marker == jpeg.SCAN]
    last = data[found[-1].start : found[-1].end]
    return data[: found[-1].start] + last * (scans - len(found) + 1) + data[found[-1].end :]


def test_a_picture_in_more_scans_than_anybody_draws_is_not_decoded(prove: Prove):
    with pytest.raises(TypeRefused, match="101 scans; 100 is the most"):
        prove(draw_in_scans(101), "a.jpg", other=True)
    assert prove(draw_in_scans(100), "a.jpg") == "image/jpeg"
