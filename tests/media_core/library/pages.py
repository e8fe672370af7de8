"""What a page says, and what its forms would send."""

import re


def text(answer):
    """Return what a page says, without tags and with single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def hidden_fields(answer):
    """Return what the page's own form would send along."""
    form = answer.content.decode().rpartition("<main")[2]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    sent = dict[str, list[str]]()
    for name, value in found:
        if name != "csrfmiddlewaretoken":
            sent.setdefault(name, []).append(value)
    return sent
