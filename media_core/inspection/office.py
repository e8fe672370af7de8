"""Proof of an office file: a ZIP file with the main part of its kind, and without macros. Runs in the worker."""

import zipfile
from typing import IO
from xml.etree.ElementTree import Element, ParseError, XMLParser

from media_core.inspection.archives import prove_zip, read_entry
from media_core.inspection.verdicts import MAX_MAIN_PART_BYTES, Unproved

TYPES_PART = "[Content_Types].xml"
TYPES_NAMESPACE = "{http://schemas.openxmlformats.org/package/2006/content-types}"
MAIN_TYPE = "application/vnd.openxmlformats-officedocument.{}.main+xml"
OPEN_XML = {
    "docx": MAIN_TYPE.format("wordprocessingml.document"),
    "xlsx": MAIN_TYPE.format("spreadsheetml.sheet"),
    "pptx": MAIN_TYPE.format("presentationml.presentation"),
}
OPEN_DOCUMENT = {"odt": "text", "ods": "spreadsheet", "odp": "presentation"}
MACRO_FOLDERS = ("basic/", "scripts/")


def prove_office(file: IO[bytes], kind: str) -> None:
    """Raise Unproved for what is no office file of this kind, or carries macros."""
    entries = prove_zip(file)
    if kind in OPEN_XML:
        _prove_open_xml(file, entries, OPEN_XML[kind])
    else:
        _prove_open_document(file, entries, OPEN_DOCUMENT[kind])


def _prove_open_xml(file: IO[bytes], entries: dict[str, zipfile.ZipInfo], main: str) -> None:
    if TYPES_PART not in entries:
        raise Unproved("it is a ZIP file, but no office file")
    types = _parse_content_types(read_entry(file, entries[TYPES_PART], MAX_MAIN_PART_BYTES))
    declared = [(each.get("PartName", ""), each.get("ContentType", "")) for each in types.iter()]
    if not any(kind == main and name.lstrip("/") in entries for name, kind in declared):
        raise Unproved("it is an office file of another kind")
    macros = any("macroenabled" in kind.lower() or "vba" in kind.lower() for _, kind in declared)
    if macros or any(name.lower().endswith("vbaproject.bin") for name in entries):
        raise Unproved("it carries macros")


def _parse_content_types(xml: bytes) -> Element:
    # Nothing of an office file needs a document type; entities are how XML grows.
    if b"<!" in xml:
        raise Unproved("its list of contents is no plain XML")
    parser = XMLParser()  # noqa: S314 - without a document type there is no entity to expand
    try:
        parser.feed(xml)
        types = parser.close()
    except ParseError as error:
        raise Unproved("its list of contents cannot be read") from error
    if types.tag != f"{TYPES_NAMESPACE}Types":
        raise Unproved("its list of contents is none")
    return types


def _prove_open_document(file: IO[bytes], entries: dict[str, zipfile.ZipInfo], kind: str) -> None:
    said = entries.get("mimetype")
    if said is None or said.header_offset or said.compress_type:
        raise Unproved("it is a ZIP file, but no OpenDocument file")
    if (
        read_entry(file, said, MAX_MAIN_PART_BYTES)
        != f"application/vnd.oasis.opendocument.{kind}".encode()
    ):
        raise Unproved("it is an office file of another kind")
    if not {"content.xml", "META-INF/manifest.xml"} <= entries.keys():
        raise Unproved("its main part is missing")
    if any(name.lower().startswith(MACRO_FOLDERS) for name in entries):
        raise Unproved("it carries macros")
