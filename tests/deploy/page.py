"""The commands of a page of the documentation, in their order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PART = re.compile(r"^(#{2,3} [^\n]+)$|^ *```(sh|console)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """Commands that stand together, and the heading above them."""

    heading: str
    commands: str


def read_blocks(page: Path) -> Iterator[Block]:
    """Yield every block that is to be typed: `sh` as it is, of `console` what follows a `$`."""
    heading = ""
    for found in PART.finditer(page.read_text()):
        title, language, text = found.groups()
        if title:
            heading = title.lstrip("# ")
            continue
        if language == "console":
            text = "\n".join(re.findall(r"^\$ (.+)$", text, re.MULTILINE))
        yield Block(heading, text)
