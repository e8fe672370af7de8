"""Proof of a PDF: it begins and ends like one, and is not a ZIP file as well."""

from typing import IO

from media_core.inspection.verdicts import Unproved

# The farthest that the end record of a ZIP file can stand from the end, its comment included.
ZIP_END_BYTES = 22 + 65_535
PDF_END_BYTES = 1_024


def prove_pdf(file: IO[bytes]) -> None:
    """Raise Unproved for what is no PDF, or holds something else behind it."""
    file.seek(0)
    if not file.read(8).startswith((b"%PDF-1.", b"%PDF-2.")):
        raise Unproved("it does not begin like a PDF")
    end = read_tail(file, PDF_END_BYTES).rstrip(b"\0\t\n\f\r ")
    if not end.endswith(b"%%EOF"):
        raise Unproved("it does not end like a PDF")


def refuse_zip_inside(file: IO[bytes]) -> None:
    """Raise Unproved for a file that unpackers take for a ZIP file, whatever else it is."""
    end = read_tail(file, ZIP_END_BYTES)
    at = end.find(b"PK\x05\x06")
    while at >= 0:
        # Its last field is the length of the comment, which is all that may follow.
        comment = int.from_bytes(end[at + 20 : at + 22], "little")
        if at + 22 + comment == len(end):
            raise Unproved("it is a ZIP file as well")
        at = end.find(b"PK\x05\x06", at + 1)


def read_tail(file: IO[bytes], size_bytes: int) -> bytes:
    """Return the last bytes of a file."""
    file.seek(max(0, file.seek(0, 2) - size_bytes))
    return file.read()
