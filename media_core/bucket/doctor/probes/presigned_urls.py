"""Links for reading: they work, they die, they say how they are served, and nobody makes another out of one."""

import re
import time
from http import HTTPStatus

from media_core.bucket.capabilities import Capability
from media_core.bucket.doctor.bench import SHORT_SECONDS, Bench
from media_core.bucket.doctor.probe import (
    Observation,
    Probe,
    report_failure,
    report_ok,
    report_unsupported,
    report_untried,
)

UNSAFE_REMEDY = (
    "Do not use this store for private files: a link would be good for ever, or for other objects."
)
WEEK_SECONDS = 604_800
NO_STORE = "private, no-store"
DISPOSITION = "attachment; filename*=utf-8''%C3%BC.pdf"
WANTED_HEADERS = {
    "cache-control": NO_STORE,
    "content-disposition": DISPOSITION,
    "content-type": "application/pdf",
}


def probe_presigned_get(bench: Bench) -> Observation:
    key = bench.put("private/linked")
    bench.keep_until_expired("link", bench.link("get_object", key, seconds=SHORT_SECONDS))
    answer = bench.ask("GET", bench.link("get_object", key))
    if answer.body != bench.secret:
        return report_failure(
            f"A link was answered with {answer.status}.", "See signature, endpoint and clocks."
        )
    return report_ok("A link gives the bytes to a stranger who holds it.")


def probe_tampered_links(bench: Bench) -> Observation:
    """The link of one canary, changed in every way that would make it another's, or live longer."""
    ours, other = bench.put("private/ours"), bench.put("private/other")
    link = bench.link("get_object", ours)
    changed = {
        "another key": link.replace(ours, other),
        "a longer life": extend_lifetime(link),
        "another signature": re.sub(r"(Signature=.)", r"\1A", link),
        "no signature": re.sub(r"&?(X-Amz-)?Signature=[^&]*", "", link),
    }
    taken = [what for what, url in changed.items() if bench.secret in bench.ask("GET", url).body]
    if taken:
        return report_failure(f"A link was taken with {', '.join(taken)}.", UNSAFE_REMEDY)
    return report_ok(f"A link is refused with {', '.join(changed)}.")


def extend_lifetime(link: str) -> str:
    """Return the link as if it lived for a week, which is the most that SigV4 has."""
    end = int(time.time()) + WEEK_SECONDS
    seconds = re.sub(r"(X-Amz-Expires=)\d+", rf"\g<1>{WEEK_SECONDS}", link)
    return re.sub(r"([?&]Expires=)\d+", rf"\g<1>{end}", seconds)


def probe_forced_headers(bench: Bench) -> Observation:
    key = bench.put("private/forced", ContentType="text/html")
    link = bench.link(
        "get_object",
        key,
        ResponseCacheControl=NO_STORE,
        ResponseContentDisposition=DISPOSITION,
        ResponseContentType=WANTED_HEADERS["content-type"],
    )
    found = bench.ask("GET", link).headers
    other = [name for name, value in WANTED_HEADERS.items() if found.get(name) != value]
    if other:
        return report_unsupported(f"The link's own {', '.join(other)} was overlooked.")
    return report_ok("Type, file name and no-store are served as the link says.")


def probe_expiry(bench: Bench) -> Observation:
    link = bench.take_expired("link")
    if link is None:
        return report_untried("Not tried: no link could be made.")
    answer = bench.ask("GET", link)
    if bench.secret in answer.body or answer.status < HTTPStatus.BAD_REQUEST:
        return report_failure(
            f"A link of one second was answered with {answer.status} after two.", UNSAFE_REMEDY
        )
    return report_ok(f"A link that is over is refused ({answer.status}).")


PROBES = (
    Probe(
        id="presigned-get",
        title="Links work",
        why="A private file leaves the bucket by a link of some minutes, and in no other way.",
        run=probe_presigned_get,
        checklist="5. presigned links",
        proves=(Capability.PRESIGNED_GET,),
    ),
    Probe(
        id="tampered-links",
        title="Links cannot be changed",
        why="Whoever holds the link of one file must not make one of another out of it.",
        run=probe_tampered_links,
        proves=(Capability.PRESIGNED_GET,),
    ),
    Probe(
        id="forced-headers",
        title="Links force type and file name",
        why="A file that a browser takes for a page could run scripts.",
        run=probe_forced_headers,
        remedy="Files are served as they are stored, which is safe, under names like those of their keys.",
    ),
)
# Asked last: by then the link is over without anybody having waited for it.
LATE_PROBES = (
    Probe(
        id="expiry",
        title="Links die",
        why="A link cannot be taken back, so it must end by itself.",
        run=probe_expiry,
        proves=(Capability.PRESIGNED_GET,),
    ),
)
