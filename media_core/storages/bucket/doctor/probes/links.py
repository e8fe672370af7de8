"""Links for reading: they work, they die, they say how they are served, and nobody makes another out of one."""

import re
import time
from http import HTTPStatus

from media_core.storages.bucket.capabilities import Capability
from media_core.storages.bucket.doctor.bench import SHORT_SECONDS, Bench
from media_core.storages.bucket.doctor.probe import Probe, Seen, fine, lacking, untried, wrong

UNSAFE = (
    "Do not use this store for private files: a link would be good for ever, or for other objects."
)
WEEK_SECONDS = 604_800
NO_STORE = "private, no-store"
SHOWN = "attachment; filename*=utf-8''%C3%BC.pdf"
WANTED = {
    "cache-control": NO_STORE,
    "content-disposition": SHOWN,
    "content-type": "application/pdf",
}


def presigned_get(bench: Bench) -> Seen:
    key = bench.put("private/linked")
    bench.soon_over("link", bench.link("get_object", key, seconds=SHORT_SECONDS))
    answer = bench.ask("GET", bench.link("get_object", key))
    if answer.body != bench.secret:
        return wrong(
            f"A link was answered with {answer.status}.", "See signature, endpoint and clocks."
        )
    return fine("A link gives the bytes to a stranger who holds it.")


def tampered(bench: Bench) -> Seen:
    """The link of one canary, changed in every way that would make it another's, or live longer."""
    ours, other = bench.put("private/ours"), bench.put("private/other")
    link = bench.link("get_object", ours)
    changed = {
        "another key": link.replace(ours, other),
        "a longer life": longer(link),
        "another signature": re.sub(r"(Signature=.)", r"\1A", link),
        "no signature": re.sub(r"&?(X-Amz-)?Signature=[^&]*", "", link),
    }
    taken = [what for what, url in changed.items() if bench.secret in bench.ask("GET", url).body]
    if taken:
        return wrong(f"A link was taken with {', '.join(taken)}.", UNSAFE)
    return fine(f"A link is refused with {', '.join(changed)}.")


def longer(link: str) -> str:
    """Return the link as if it lived for a week, which is the most that SigV4 has."""
    end = int(time.time()) + WEEK_SECONDS
    seconds = re.sub(r"(X-Amz-Expires=)\d+", rf"\g<1>{WEEK_SECONDS}", link)
    return re.sub(r"([?&]Expires=)\d+", rf"\g<1>{end}", seconds)


def forced_headers(bench: Bench) -> Seen:
    key = bench.put("private/forced", ContentType="text/html")
    link = bench.link(
        "get_object",
        key,
        ResponseCacheControl=NO_STORE,
        ResponseContentDisposition=SHOWN,
        ResponseContentType=WANTED["content-type"],
    )
    found = bench.ask("GET", link).headers
    other = [name for name, value in WANTED.items() if found.get(name) != value]
    if other:
        return lacking(f"The link's own {', '.join(other)} was overlooked.")
    return fine("Type, file name and no-store are served as the link says.")


def expiry(bench: Bench) -> Seen:
    link = bench.over("link")
    if link is None:
        return untried("Not tried: no link could be made.")
    answer = bench.ask("GET", link)
    if bench.secret in answer.body or answer.status < HTTPStatus.BAD_REQUEST:
        return wrong(f"A link of one second was answered with {answer.status} after two.", UNSAFE)
    return fine(f"A link that is over is refused ({answer.status}).")


PROBES = (
    Probe(
        id="presigned-get",
        title="Links work",
        why="A private file leaves the bucket by a link of some minutes, and in no other way.",
        run=presigned_get,
        checklist="5. presigned links",
        proves=(Capability.PRESIGNED_GET,),
    ),
    Probe(
        id="tampered-links",
        title="Links cannot be changed",
        why="Whoever holds the link of one file must not make one of another out of it.",
        run=tampered,
        proves=(Capability.PRESIGNED_GET,),
    ),
    Probe(
        id="forced-headers",
        title="Links force type and file name",
        why="A file that a browser takes for a page could run scripts.",
        run=forced_headers,
        remedy="Files are served as they are stored, which is safe, under names like those of their keys.",
    ),
)
# Asked last: by then the link is over without anybody having waited for it.
LATE = (
    Probe(
        id="expiry",
        title="Links die",
        why="A link cannot be taken back, so it must end by itself.",
        run=expiry,
        proves=(Capability.PRESIGNED_GET,),
    ),
)
