"""The catalogue of file types that can be proved: what each is called, claimed, stored and served as."""

from dataclasses import dataclass

from tenants.models import FileGroup

DOWNLOAD_TYPE = "application/octet-stream"
# What a browser says when it knows nothing is no claim.
NO_CLAIMS = frozenset({"", DOWNLOAD_TYPE, "binary/octet-stream", "application/x-unknown"})


@dataclass(frozen=True, slots=True)
class FileType:
    """One type: `name` for people, what its bytes are, by which extensions and under which claims it comes."""

    name: str
    content_type: str
    group: FileGroup
    extensions: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    inline: bool = False

    @property
    def stored_as(self) -> str:
        """The content type on the object. Text is stored without one: see docs/explanation/decisions/README.md."""
        return DOWNLOAD_TYPE if self.group == FileGroup.TEXT else self.content_type

    @property
    def worker_kind(self) -> str:
        """What the worker calls it."""
        return self.extensions[-1]

    def matches_claim(self, claim: str) -> bool:
        """Return whether a browser that says this of a file may mean this type.

        >>> CSV.matches_claim("application/vnd.ms-excel"), CSV.matches_claim("text/html"), CSV.matches_claim("")
        (True, False, True)
        """
        plain = claim.partition(";")[0].strip().lower()
        return plain in NO_CLAIMS or plain in {self.content_type, *self.aliases}


_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
# Some browsers look at the first bytes only: every office file is a ZIP file there.
_ZIP_ALIASES = ("application/zip", "application/x-zip-compressed")

PNG = FileType(
    "PNG", "image/png", FileGroup.IMAGE, ("png",), ("image/x-png", "image/apng"), inline=True
)
JPEG = FileType(
    "JPEG", "image/jpeg", FileGroup.IMAGE, ("jpg", "jfif", "jpeg"), ("image/jpg", "image/pjpeg"), inline=True
)  # fmt: skip
GIF = FileType("GIF", "image/gif", FileGroup.IMAGE, ("gif",), inline=True)
WEBP = FileType("WebP", "image/webp", FileGroup.IMAGE, ("webp",), inline=True)
AVIF = FileType("AVIF", "image/avif", FileGroup.IMAGE, ("avif",), inline=True)
PDF = FileType(
    "PDF", "application/pdf", FileGroup.PDF, ("pdf",), ("application/x-pdf",), inline=True
)
MP4 = FileType(
    "MP4", "video/mp4", FileGroup.VIDEO, ("mp4", "m4v"), ("video/x-m4v", "application/mp4"), inline=True
)  # fmt: skip
WEBM = FileType("WebM", "video/webm", FileGroup.VIDEO, ("webm",), ("audio/webm",), inline=True)
MOV = FileType("QuickTime", "video/quicktime", FileGroup.VIDEO, ("mov",))
MP3 = FileType(
    "MP3", "audio/mpeg", FileGroup.AUDIO, ("mp3",), ("audio/mp3", "audio/x-mp3", "audio/x-mpeg"), inline=True
)  # fmt: skip
M4A = FileType(
    "M4A", "audio/mp4", FileGroup.AUDIO, ("m4a",), ("audio/x-m4a", "audio/m4a", "video/mp4"), inline=True
)  # fmt: skip
OGG = FileType(
    "Ogg", "audio/ogg", FileGroup.AUDIO, ("ogg", "oga", "opus"),
    ("application/ogg", "video/ogg", "audio/opus", "audio/vorbis"), inline=True,
)  # fmt: skip
WAV = FileType(
    "WAV", "audio/wav", FileGroup.AUDIO, ("wav",), ("audio/x-wav", "audio/wave", "audio/vnd.wave"), inline=True
)  # fmt: skip
TXT = FileType("Plain text", "text/plain", FileGroup.TEXT, ("txt",))
CSV = FileType(
    "CSV", "text/csv", FileGroup.TEXT, ("csv",),
    # Windows says what would open it.
    ("application/vnd.ms-excel", "application/csv", "text/x-csv", "text/comma-separated-values", "text/plain"),
)  # fmt: skip
MARKDOWN = FileType(
    "Markdown", "text/markdown", FileGroup.TEXT, ("md", "markdown"), ("text/x-markdown", "text/plain")
)  # fmt: skip
DOCX = FileType(
    "Word", f"{_OPEN_XML}.wordprocessingml.document", FileGroup.OFFICE, ("docx",), _ZIP_ALIASES
)  # fmt: skip
XLSX = FileType(
    "Excel", f"{_OPEN_XML}.spreadsheetml.sheet", FileGroup.OFFICE, ("xlsx",), _ZIP_ALIASES
)
PPTX = FileType(
    "PowerPoint", f"{_OPEN_XML}.presentationml.presentation", FileGroup.OFFICE, ("pptx",), _ZIP_ALIASES
)  # fmt: skip
ODT = FileType(
    "OpenDocument text", f"{_OPEN_DOCUMENT}.text", FileGroup.OFFICE, ("odt",), _ZIP_ALIASES
)
ODS = FileType(
    "OpenDocument spreadsheet", f"{_OPEN_DOCUMENT}.spreadsheet", FileGroup.OFFICE, ("ods",), _ZIP_ALIASES
)  # fmt: skip
ODP = FileType(
    "OpenDocument presentation", f"{_OPEN_DOCUMENT}.presentation", FileGroup.OFFICE, ("odp",), _ZIP_ALIASES
)  # fmt: skip
ZIP = FileType(
    "ZIP", "application/zip", FileGroup.ARCHIVE, ("zip",), ("application/x-zip-compressed", "application/x-zip")
)  # fmt: skip

CATALOGUE = (
    PNG, JPEG, GIF, WEBP, AVIF, PDF, MP4, WEBM, MOV, MP3, M4A, OGG, WAV, TXT, CSV, MARKDOWN,
    DOCX, XLSX, PPTX, ODT, ODS, ODP, ZIP,
)  # fmt: skip
TYPES_BY_EXTENSION = {extension: kind for kind in CATALOGUE for extension in kind.extensions}
# The browser shows these without running anything of the uploader's. Never HTML, SVG, XML or any text.
INLINE_TYPES = frozenset(kind.content_type for kind in CATALOGUE if kind.inline)


def find_type_by_name(name: str) -> FileType | None:
    """Return the type that a file's name says it is of: by the last extension only.

    >>> find_type_by_name("x.php.jpg") is JPEG
    True
    >>> find_type_by_name("photo.jpg.php"), find_type_by_name("README"), find_type_by_name(".png")
    (None, None, None)
    """
    stem, _, extension = name.rpartition(".")
    return TYPES_BY_EXTENSION.get(extension.lower()) if stem else None
