"""Proof of a ZIP file: every entry is read to its end, within bounds. Runs in the worker; plain Python."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from media_core.inspection.verdicts import (
    FREE_UNPACKED_BYTES,
    MAX_ENTRIES,
    MAX_RATIO,
    MAX_UNPACKED_BYTES,
    OverLimit,
    Unproved,
)

LOCAL_HEADER = struct.Struct("<4s5H3I2H")
# A number of entries of two bytes, and the size of what describes them: 46 bytes and a name of up to 65,535 each.
END_RECORD = struct.Struct("<4s4H2IH")
MAX_DIRECTORY_BYTES = 5_000_000
ENCRYPTED_FLAGS = 0x1 | 0x40
HAS_DATA_DESCRIPTOR = 0x8
# What follows an entry whose sizes stand behind it: at most a mark, the checksum and two large sizes.
MAX_DESCRIPTOR_BYTES = 24
# The size stands elsewhere.
SIZE_IN_ZIP64 = 0xFFFFFFFF
CHUNK_BYTES = 65_536
COMPRESSION_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def prove_zip(file: IO[bytes]) -> dict[str, zipfile.ZipInfo]:
    """Return the entries of a ZIP file by name. Raises Unproved, or OverLimit for one that would fill a disk.

    Files inside of files are not looked into. Nothing is written.
    """
    entries, end = _read_directory(file)
    _refuse_unsafe_entries(entries)
    _refuse_gaps(file, entries, end)
    left = MAX_UNPACKED_BYTES
    for entry in entries:
        left -= _count_unpacked_bytes(file, entry, left)
    return {entry.filename: entry for entry in entries}


def _read_directory(file: IO[bytes]) -> tuple[list[zipfile.ZipInfo], int]:
    """Return the entries in their order in the file, and where the table of contents begins."""
    _refuse_large_directory(file)
    try:
        # Not closed: the file is the caller's.
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, struct.error, OSError, NotImplementedError) as error:
        raise Unproved("its table of contents cannot be read") from error
    entries = archive.infolist()
    if not entries:
        raise Unproved("it is empty")
    if len(entries) > MAX_ENTRIES:
        raise OverLimit(f"It holds {len(entries)} files; {MAX_ENTRIES} is the most.")
    return sorted(entries, key=lambda entry: entry.header_offset), archive.start_dir


def _refuse_large_directory(file: IO[bytes]) -> None:
    """Look at the end record alone: the table of contents is read at once, whatever its size."""
    size = file.seek(0, 2)
    file.seek(max(0, size - END_RECORD.size))
    record = file.read(END_RECORD.size)
    if len(record) < END_RECORD.size or not record.startswith(b"PK\x05\x06"):
        raise Unproved("it does not end like a ZIP file")
    told: int = END_RECORD.unpack(record)[5]
    if told > MAX_DIRECTORY_BYTES and not (
        told == SIZE_IN_ZIP64 and _may_read_zip64_directory(file, size)
    ):
        raise OverLimit(f"Its table of contents is larger than {MAX_DIRECTORY_BYTES} bytes.")


def _may_read_zip64_directory(file: IO[bytes], size: int) -> bool:
    """Return whether the record for large files tells of a table that may be read."""
    file.seek(max(0, size - END_RECORD.size - 20 - 56))
    record = file.read(56)
    return (
        record.startswith(b"PK\x06\x06")
        and int.from_bytes(record[40:48], "little") <= MAX_DIRECTORY_BYTES
    )


def _refuse_unsafe_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len({entry.filename for entry in entries}) < len(entries):
        raise Unproved("it holds two files of one name")
    if any(entry.flag_bits & ENCRYPTED_FLAGS for entry in entries):
        raise Unproved("it is locked with a password")
    if not COMPRESSION_METHODS.issuperset(entry.compress_type for entry in entries):
        raise Unproved("it is packed in a way that cannot be checked here")
    unpacked, packed = (sum(e.file_size for e in entries), sum(e.compress_size for e in entries))
    if unpacked > MAX_UNPACKED_BYTES:
        raise OverLimit(f"It holds {unpacked} bytes; {MAX_UNPACKED_BYTES} is the most.")
    if unpacked > FREE_UNPACKED_BYTES and unpacked > MAX_RATIO * packed:
        raise OverLimit(f"It unpacks to more than {MAX_RATIO} times its size.")


def _refuse_gaps(file: IO[bytes], entries: list[zipfile.ZipInfo], end: int) -> None:
    """Let every byte before the table of contents belong to exactly one entry, from the first byte on."""
    expected, slack = 0, 0
    for entry in entries:
        _refuse_gap(expected, entry.header_offset, slack)
        expected = _find_data_offset(file, entry) + entry.compress_size
        slack = MAX_DESCRIPTOR_BYTES if entry.flag_bits & HAS_DATA_DESCRIPTOR else 0
    _refuse_gap(expected, end, slack)


def _refuse_gap(expected: int, start: int, slack: int) -> None:
    if not expected <= start <= expected + slack:
        raise Unproved("its files overlap, or something stands between them")


def _find_data_offset(file: IO[bytes], entry: zipfile.ZipInfo) -> int:
    """Return where an entry's bytes begin; its own header has to say the same as the table of contents."""
    file.seek(entry.header_offset)
    header = file.read(LOCAL_HEADER.size)
    if len(header) < LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
        raise Unproved("one of its files is not where it should be")
    fields = LOCAL_HEADER.unpack(header)
    flags, method, name_bytes, extra_bytes = fields[2], fields[3], fields[9], fields[10]
    name = file.read(name_bytes).decode("utf-8" if flags & 0x800 else "cp437", "replace")
    told = {fields[7], fields[8]} - {SIZE_IN_ZIP64} if not flags & HAS_DATA_DESCRIPTOR else set()
    if (method, name) != (entry.compress_type, entry.orig_filename) or not told <= {
        entry.compress_size,
        entry.file_size,
    }:
        raise Unproved("its table of contents says something else than its files")
    return int(entry.header_offset + LOCAL_HEADER.size + name_bytes + extra_bytes)


def _count_unpacked_bytes(file: IO[bytes], entry: zipfile.ZipInfo, most: int) -> int:
    """Return the size of an entry as it really unpacks; it has to be what was told."""
    size, checksum = 0, 0
    for part in _unpack_entry(file, entry):
        size += len(part)
        checksum = zlib.crc32(part, checksum)
        if size > min(entry.file_size, most):
            raise OverLimit("It unpacks to more than it says.")
    if (size, checksum) != (entry.file_size, entry.CRC):
        raise Unproved("one of its files is broken")
    return size


def _unpack_entry(file: IO[bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what an entry unpacks to, in parts of a bounded size."""
    file.seek(_find_data_offset(file, entry))
    left = entry.compress_size
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type else None
    while left > 0 and (chunk := file.read(min(left, CHUNK_BYTES))):
        left -= len(chunk)
        if inflate is None:
            yield chunk
            continue
        yield from _inflate(inflate, chunk)
    if left or (inflate and (not inflate.eof or inflate.unused_data)):
        raise Unproved("one of its files is broken")


def _inflate(inflate: "zlib._Decompress", chunk: bytes) -> Iterator[bytes]:
    try:
        while chunk and not inflate.eof:
            yield inflate.decompress(chunk, 16 * CHUNK_BYTES)
            chunk = inflate.unconsumed_tail
    except zlib.error as error:
        raise Unproved("one of its files is broken") from error


def read_entry(file: IO[bytes], entry: zipfile.ZipInfo, most: int) -> bytes:
    """Return one entry's content, if it is no larger than that. It has been read to its end before."""
    if entry.file_size > most:
        raise OverLimit(f"Its {entry.filename} is larger than {most} bytes.")
    return b"".join(_unpack_entry(file, entry))
