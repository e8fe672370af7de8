"""Files that are not what they say, each with what is expected of it where only proved files are taken.

A type, where the file is what it says and harms nobody as that; "" where it is refused. Where a tenant takes other
files too, what is refused is kept as a plain download, unless it is beyond bounds: see test_bombs.py.
"""

import gzip
from dataclasses import dataclass
from io import BytesIO

from tests.samples import animation, box, image, movie, open_xml, pdf, picture, samples, zipped

SCRIPT = b"<script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
PNG = picture("PNG")


@dataclass(frozen=True)
class Hostile:
    """One file as somebody sends it."""

    what: str
    name: str
    content: bytes
    claimed: str = ""
    outcome: str = ""

    def __str__(self) -> str:
        return self.what


def gif_with_comment(comment: bytes) -> bytes:
    file = BytesIO()
    image(mode="P").save(file, "GIF", comment=comment)
    return file.getvalue()


HOSTILE = (
    # Pages in disguise.
    Hostile("page led by white space", "a.txt", b"\n\t  <html><body onload=alert(1)>"),
    Hostile("page in UTF-16", "a.txt", f"<html>{SCRIPT.decode()}".encode("utf-16")),
    Hostile("page in UTF-16 without a mark", "a.txt", "<html>".encode("utf-16-le")),
    Hostile("page behind much text", "a.txt", b"word " * 500_000 + SCRIPT),
    Hostile("script between two chunks", "a.txt", b"x" * 999_995 + SCRIPT),
    Hostile("page led by a comment", "a.txt", b"<!-- x --><body onload=alert(1)>"),
    Hostile("attribute that runs", "a.md", b"# Hello\n<img src=x onerror=alert(1)>"),
    Hostile("page as CSV", "a.csv", b"<html>;b\n1;2"),
    Hostile("page by its own name", "a.html", b"<!doctype html>" + SCRIPT, "text/html"),
    Hostile("page as PNG", "a.png", b"<html>" + SCRIPT, "image/png"),
    Hostile("page claimed to be one", "a.jpg", SCRIPT, "text/html"),
    Hostile("XHTML", "a.xhtml", b'<html xmlns="http://www.w3.org/1999/xhtml"/>', "application/xhtml+xml"),
    Hostile("XML", "a.xml", b"<?xml version='1.0'?><a/>", "text/xml"),
    Hostile("XML as text", "a.txt", b"\xef\xbb\xbf<?xml version='1.0'?><a/>", "text/plain"),
    Hostile("XSLT", "a.xsl", b"<xsl:stylesheet/>", "application/xslt+xml"),
    Hostile("XSLT as text", "a.txt", b"See: <xsl:template/>"),
    Hostile("saved page", "a.mht", b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n<html>"),
    Hostile("saved page as text", "a.txt", b"From: x\nContent-Type: multipart/related\n\n<p>"),
    # SVG.
    Hostile("SVG", "a.svg", SVG, "image/svg+xml"),
    Hostile("SVG with a document type", "a.svg", b'<!DOCTYPE svg [<!ENTITY x "y">]>' + SVG),
    Hostile("SVG as PNG", "a.png", SVG, "image/png"),
    Hostile("SVG as text", "a.txt", b"x\n" + SVG),
    Hostile("packed SVG", "a.svgz", gzip.compress(SVG)),
    Hostile("packed page", "a.html.gz", gzip.compress(SCRIPT), "application/gzip"),
    # Programs.
    Hostile("program of Windows as JPEG", "a.jpg", b"MZ\x90\0" + b"\0" * 200, "image/jpeg"),
    Hostile("program of Windows", "a.exe", b"MZ\x90\0" + b"\0" * 200),
    Hostile("program of Linux", "a", b"\x7fELF\2\1\1" + b"\0" * 200),
    Hostile("PHP", "a.php", b"<?php system($_GET[0]);"),
    Hostile("PHP as text", "a.txt", b"hello <?php system($_GET[0]);"),
    Hostile("settings of a web server", ".htaccess", b"AddType text/html .jpg"),
    Hostile("program of a shell as text", "a.txt", b"#!/bin/sh\nrm -rf /"),
    Hostile("JavaScript", "a.js", b"alert(1)", "text/javascript"),
    Hostile("a name without a dot", "png", PNG, "image/png"),
    Hostile("a name that begins with its dot", ".png", PNG, "image/png"),
    # Half pictures, and pictures that are something else as well.
    Hostile("head of a PNG and a script", "a.png", PNG[:60] + SCRIPT),
    Hostile("head of a JPEG", "a.jpg", picture("JPEG")[:100]),
    Hostile("half a PNG", "a.png", PNG[: len(PNG) // 2]),
    Hostile("half a JPEG", "a.jpg", picture("JPEG")[:-300]),
    Hostile("half an animation", "a.gif", animation("GIF", 5)[:-60]),
    Hostile("GIF that is a script", "a.gif", b"GIF89a=1;alert(1)//" + b"x" * 90),
    Hostile("GIF with a script behind", "a.gif", picture("GIF") + b"=1;alert(1);"),
    Hostile("PNG with a page behind", "a.png", PNG + SCRIPT),
    Hostile("WebP with a page behind", "a.webp", picture("WEBP") + SCRIPT),
    Hostile("AVIF with a page behind", "a.avif", picture("AVIF") + SCRIPT),
    Hostile("JPEG with a ZIP file behind", "a.jpg", picture("JPEG") + zipped({"a.class": "x"})),
    Hostile("GIF as PNG", "a.png", picture("GIF"), "image/png"),
    Hostile("BMP as PNG", "a.png", picture("BMP")),
    Hostile("TIFF as JPEG", "a.jpg", picture("TIFF")),
    Hostile("PDF as WebP", "a.webp", pdf()),
    Hostile("JPEG claimed to be a page", "a.jpg", picture("JPEG"), "text/html"),
    Hostile("PNG claimed to be an SVG", "a.png", PNG, "image/svg+xml"),
    # No browser runs what is served as a picture, whatever is written inside.
    Hostile("GIF with a script in its comment", "a.gif", gif_with_comment(SCRIPT), outcome="image/gif"),
    Hostile("JPEG with PHP in its comment", "x.php.jpg", picture("JPEG", comment=b"<?php x();"), outcome="image/jpeg"),
    # PDF.
    Hostile("script led PDF", "a.pdf", b"/*" + pdf() + b"*/alert(1)"),
    Hostile("PDF with a script behind", "a.pdf", pdf() + b"\n*/alert(1)"),
    Hostile("PDF with a ZIP file behind", "a.pdf", pdf() + zipped({"a": "x"})),
    Hostile("PDF with a ZIP file that ends like one", "a.pdf", pdf() + zipped({"a": "x"})[:-2] + b"\5\0%%EOF"),
    Hostile("half a PDF", "a.pdf", pdf()[: len(pdf()) // 2]),
    Hostile("PDF claimed to be a page", "a.pdf", pdf(), "text/html; charset=utf-8"),
    # Office and ZIP files.
    Hostile("Word file as ZIP", "a.zip", open_xml("docx"), outcome="application/zip"),
    Hostile("ZIP file as Word", "a.docx", zipped({"a.txt": "x"})),
    Hostile("Excel file as Word", "a.docx", open_xml("xlsx")),
    Hostile("Word file with macros", "a.docx", open_xml("docx", **{"word/vbaProject.bin": b"x"})),
    Hostile("Word file with macros, honest", "a.docm", open_xml("docx", **{"word/vbaProject.bin": b"x"})),
    Hostile("program that unpacks itself", "a.zip", b"MZ" + b"\0" * 80 + zipped({"a": "x"})),
    Hostile("ZIP file with a script behind", "a.zip", zipped({"a": "x"}) + SCRIPT),
    # Sound and video.
    Hostile("head of an MP4", "a.mp4", movie(b"isom")[:20]),
    Hostile("MP4 with nothing to play", "a.mp4", box(b"ftyp", b"isom\0\0\0\0isom") + box(b"free", SCRIPT)),
    Hostile("MP4 with a page behind", "a.mp4", movie(b"isom") + SCRIPT),
    Hostile("AVIF as MP4", "a.mp4", picture("AVIF")),
    Hostile("head of a WebM", "a.webm", samples()["webm"][:12]),
    Hostile("WebM of an endless part", "a.webm", samples()["webm"][:-11] + b"\xec\x01" + b"\xff" * 7),
    Hostile("half a head of an MP3", "a.mp3", b"ID3\4\0"),
    Hostile("head of an MP3", "a.mp3", b"ID3\4\0\0\0\0\0\0" + SCRIPT),
    Hostile("head of an Ogg", "a.ogg", samples()["ogg"][:40] + SCRIPT),
    Hostile("WAV with a page behind", "a.wav", samples()["wav"] + SCRIPT),
    Hostile("nothing", "a.png", b""),
    Hostile("nothing as text", "a.mp3", b""),
)  # fmt: skip
