"""Real files for the demo, made on the spot: nothing is fetched and nothing is bundled."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from fpdf import FPDF
from PIL import Image, ImageDraw

LARGE_FILE_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """A file as a person would upload it."""

    tenant: str
    name: str
    title: str
    visibility: str
    content: bytes
    # The names from the top folder down to the one it lies in.
    folder: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleFolder:
    """A folder as a person would make it; `readers` are names, None while it is for all members."""

    tenant: str
    path_names: tuple[str, ...]
    readers: tuple[str, ...] | None = None


FOLDERS = (
    SampleFolder("acme", ("Contracts",), readers=("Ed Editor",)),
    SampleFolder("acme", ("Marketing",)),
    SampleFolder("acme", ("Marketing", "2026")),
)


def make_samples() -> Iterator[Sample]:
    """Yield the documents of all three tenants."""
    yield from _make_office_samples("acme", "Acme", 210)
    yield from _make_office_samples("globex", "Globex", 20)
    yield from _make_office_samples("initech", "Initech", 120)
    yield Sample(
        "acme", "日本語.txt", "日本語のメモ", "private", "共有バケット、別々の部屋。\n".encode()
    )
    for year in (2025, 2026):
        yield Sample(
            "acme",
            f"Rahmenvertrag {year}.pdf",
            f"Framework contract {year}",
            "private",
            make_pdf(f"Framework contract {year}", 1),
            folder=("Contracts",),
        )
    yield Sample(
        "acme",
        "plan-2026.pdf",
        "Plan for 2026",
        "private",
        make_pdf("Plan for 2026", 1),
        folder=("Marketing", "2026"),
    )
    yield Sample(
        "acme",
        "flyer.png",
        "Flyer, spring",
        "private",
        make_picture("Spring", 90, "PNG"),
        folder=("Marketing",),
    )
    recording = random.Random(7).randbytes(LARGE_FILE_BYTES)  # noqa: S311 - bytes to move, not a secret
    yield Sample("acme", "site-recording.bin", "Site recording, 20 MB", "private", recording)


def _make_office_samples(tenant: str, company: str, hue: int) -> Iterator[Sample]:
    yield Sample(
        tenant,
        "Übersicht – Q3.pdf",
        "Quarterly overview",
        "private",
        make_pdf(f"{company}: overview of Q3", 3),
    )
    yield Sample(
        tenant, "brochure.pdf", f"{company} brochure", "public", make_pdf(f"What {company} does", 1)
    )
    yield Sample(tenant, "logo.png", f"{company} logo", "public", make_picture(company, hue, "PNG"))
    yield Sample(
        tenant,
        "Büro & Garten (final).jpg",
        "Office, from the garden",
        "private",
        make_picture("Garden", hue, "JPEG"),
    )


def make_pdf(heading: str, pages: int) -> bytes:
    """Return a PDF with a heading and some lines on each page."""
    document = FPDF()
    for number in range(1, pages + 1):
        document.add_page()
        document.set_font("Helvetica", "B", 22)
        document.cell(text=heading, new_x="LMARGIN", new_y="NEXT")
        document.set_font("Helvetica", "", 12)
        for line in range(1, 25):
            document.cell(
                text=f"Page {number}, line {line}: as agreed.", new_x="LMARGIN", new_y="NEXT"
            )
    return bytes(document.output())


def make_picture(text: str, hue: int, file_format: str) -> bytes:
    """Return a picture of a hue with a word on it."""
    image = Image.new("HSV", (800, 500), (hue, 160, 200)).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.ellipse((500, 80, 740, 320), fill=(255, 240, 200))
    draw.text((60, 380), text, fill="white", font_size=72)
    file = BytesIO()
    image.save(file, file_format)
    return file.getvalue()
