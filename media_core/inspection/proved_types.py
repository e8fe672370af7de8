"""What a file really is: content, extension and claim have to agree."""

from collections.abc import Callable
from typing import IO

import puremagic

from media_core.errors import TypeRefused
from media_core.inspection.audio_video import prove_movie, prove_ogg, prove_quicktime, prove_wav
from media_core.inspection.mp3 import prove_mp3
from media_core.inspection.pdf import prove_pdf, refuse_zip_inside
from media_core.inspection.text import prove_text
from media_core.inspection.verdicts import OVER_LIMIT, UNPROVED, OverLimit, Unproved
from media_core.inspection.webm import prove_webm
from media_core.inspection.worker_process import DIED, open_read_only, run_inspection
from media_core.storages import file_types as known
from media_core.storages.file_types import DOWNLOAD_TYPE, FileType, find_type_by_name
from tenants.binding import bound_tenant
from tenants.models import FileGroup
from tenants.tenant_limits import describe_file_groups

# These are read here: nothing of them is decoded or unpacked. All others are read by the worker, and long texts:
# all of a text is searched, and nobody else has a turn meanwhile.
IN_PROCESS_PROOFS: dict[FileType, Callable[[IO[bytes]], None]] = {
    known.PDF: prove_pdf,
    known.TXT: prove_text,
    known.CSV: prove_text,
    known.MARKDOWN: prove_text,
    known.MP4: prove_movie,
    known.M4A: prove_movie,
    known.MOV: prove_quicktime,
    known.WEBM: prove_webm,
    known.MP3: prove_mp3,
    known.OGG: prove_ogg,
    known.WAV: prove_wav,
}
MAX_IN_PROCESS_TEXT_BYTES = 100_000
HEAD_BYTES = 4_096


def prove_type(file: IO[bytes], *, name: str, claimed: str) -> str:
    """Return the content type to store and serve. Raises TypeRefused for what the bound tenant does not take.

    A file whose content, extension and claim do not agree, or whose type nobody knows, is refused; or kept as a plain
    download, where the tenant takes other files. What is beyond the bounds of an inspection, or ends it, is refused
    in any case. The file is left rewound. No query, no request to the bucket; a worker for pictures, ZIP files and long
    texts.
    """
    groups = bound_tenant().file_groups
    kind = find_type_by_name(name)
    if kind and kind.group not in groups:
        raise TypeRefused(f"{kind.name} files are not taken here. {describe_allowed_types(groups)}")
    try:
        return _prove_named_type(file, kind, claimed)
    except Unproved as seen:
        if FileGroup.OTHER in groups:
            return DOWNLOAD_TYPE
        raise TypeRefused(f"{format_sentence(seen)} {describe_allowed_types(groups)}") from seen
    except OverLimit as seen:
        raise TypeRefused(f"It cannot be checked. {seen}") from seen
    finally:
        file.seek(0)


def _prove_named_type(file: IO[bytes], kind: FileType | None, claimed: str) -> str:
    if kind is None:
        raise Unproved("its name ends like no type that is known here")
    if not kind.matches_claim(claimed):
        raise Unproved(f"it is named like {kind.name}, and was sent as {claimed[:60]}")
    try:
        _prove(file, kind)
        if kind.inline:
            refuse_zip_inside(file)
    except Unproved as seen:
        raise Unproved(
            f"it is named like {kind.name}, but {seen}{describe_first_bytes(file, kind)}"
        ) from seen
    return kind.stored_as


def _prove(file: IO[bytes], kind: FileType) -> None:
    if kind in IN_PROCESS_PROOFS and not (
        kind.group == FileGroup.TEXT and file.seek(0, 2) > MAX_IN_PROCESS_TEXT_BYTES
    ):
        file.seek(0)
        IN_PROCESS_PROOFS[kind](file)
        return
    with open_read_only(file) as own:
        verdict = run_inspection("prove", kind.worker_kind, own)
    if verdict.says == UNPROVED:
        raise Unproved(verdict.why)
    if verdict.says in {OVER_LIMIT, DIED}:
        raise OverLimit(verdict.why)


def describe_first_bytes(file: IO[bytes], kind: FileType) -> str:
    """Return what a file's first bytes look like, for people. It decides nothing."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    try:
        seen = [match.mime_type for match in puremagic.magic_string(head) if match.mime_type]
    except (puremagic.PureError, ValueError):
        return ""
    # Every ZIP file looks like Word to it.
    says_nothing = not seen or seen[0] == kind.content_type or head.startswith(b"PK")
    return "" if says_nothing else f" (it looks like {seen[0]})"


def format_sentence(seen: Unproved) -> str:
    """Return what was seen as a sentence."""
    words = str(seen)
    return f"{words[:1].upper()}{words[1:]}."


def describe_allowed_types(groups: list[str]) -> str:
    """Return which files a tenant takes, for people."""
    return (
        f"Taken here are: {describe_file_groups(groups)}." if groups else "No files are taken here."
    )
