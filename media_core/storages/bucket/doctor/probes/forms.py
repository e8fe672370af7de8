"""Forms by which a browser uploads straight into the bucket (POST policies), and what they must be held to."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from urllib3.filepost import encode_multipart_formdata

from media_core.storages.bucket.capabilities import Capability
from media_core.storages.bucket.doctor.bench import SHORT_SECONDS, Bench
from media_core.storages.bucket.doctor.probe import Probe, Seen, fine, lacking, untried
from media_core.storages.bucket.strangers import Answer
from tenants.prefixes import ObjectKey

RELAYED = "Nothing to do: uploads go through the gateway here, never by a form."
TYPE = "application/pdf"
BOUNDARY = "gateway-doctor"


def form(bench: Bench, key: ObjectKey, *, seconds: int = 60) -> dict[str, Any]:
    """Return a signed form for exactly this key, this type and the size of the canary."""
    size = len(bench.secret)
    return bench.client.generate_presigned_post(
        bench.bucket,
        key,
        Fields={"Content-Type": TYPE},
        Conditions=[{"Content-Type": TYPE}, ["content-length-range", 1, size]],
        ExpiresIn=seconds,
    )


def sent(
    bench: Bench,
    signed: dict[str, Any],
    changed: Mapping[str, str] = MappingProxyType({}),
    *,
    body: bytes = b"",
) -> Answer:
    """Send the form as a browser does, with some of its fields changed."""
    fields: list[Any] = [*{**signed["fields"], **changed}.items()]
    fields.append(("file", ("canary", body or bench.secret, TYPE)))
    content, content_type = encode_multipart_formdata(fields, BOUNDARY)
    return bench.ask("POST", signed["url"], headers={"Content-Type": content_type}, body=content)


def taken(bench: Bench) -> Seen:
    key = bench.key("private/incoming/form")
    bench.soon_over("form", form(bench, bench.key("private/incoming/late"), seconds=SHORT_SECONDS))
    answer = sent(bench, form(bench, key))
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return lacking(f"A signed form was answered with {answer.status}.", RELAYED)
    if bench.read(key) != bench.secret:
        return lacking("A signed form was taken, and its file is not there.", RELAYED)
    bench.takes_forms = True
    return fine("A signed form stores exactly its file.")


def held_to_size(bench: Bench) -> Seen:
    key = bench.key("private/incoming/size")
    sent(bench, form(bench, key), body=bench.secret * 2)
    return _kept_out(bench, {"a file that is too large": key})


def held_to_type(bench: Bench) -> Seen:
    key = bench.key("private/incoming/type")
    sent(bench, form(bench, key), {"Content-Type": "text/html"})
    return _kept_out(bench, {"another type": key})


def held_to_key(bench: Bench) -> Seen:
    """Another key, and a field that the form does not name."""
    other, extra = bench.key("private/other-key"), bench.key("private/incoming/extra")
    sent(bench, form(bench, bench.key("private/incoming/key")), {"key": other})
    sent(bench, form(bench, extra), {"x-amz-meta-extra": "1"})
    return _kept_out(bench, {"another key": other, "a field of its own": extra})


def held_to_time(bench: Bench) -> Seen:
    if bench.takes_forms:
        sent(bench, bench.over("form"))
    return _kept_out(bench, {"a form that is over": bench.key("private/incoming/late")})


def held_to_signature(bench: Bench) -> Seen:
    key = bench.key("private/incoming/unsigned")
    signed = form(bench, key)
    field = "x-amz-signature" if "x-amz-signature" in signed["fields"] else "signature"
    sent(bench, signed, {field: signed["fields"][field][::-1]})
    return _kept_out(bench, {"another signature": key})


def _kept_out(bench: Bench, tried: dict[str, ObjectKey]) -> Seen:
    """What is there decides, not what was answered. Where no form is taken at all, nothing is known."""
    if not bench.takes_forms:
        return untried("Not tried: no form is taken here.")
    inside = [what for what, key in tried.items() if bench.read(key) is not None]
    if inside:
        return lacking(f"It stored {' and '.join(inside)}.", RELAYED)
    return fine(f"It refuses {' and '.join(tried)}.")


def _probe(name: str, title: str, why: str, run: Callable[[Bench], Seen]) -> Probe:
    return Probe(
        id=name,
        title=title,
        why=why,
        run=run,
        proves=(Capability.POST_POLICY,),
        at_worst=untried,
    )


PROBES = (
    Probe(
        id="post",
        title="Signed forms are taken",
        why="A browser can then upload straight into the bucket, instead of through the gateway.",
        run=taken,
        proves=(Capability.POST_POLICY,),
        at_worst=lambda seen: lacking(seen, RELAYED),
    ),
    _probe(
        "post-signature",
        "Forms need their signature",
        "Anybody could upload otherwise.",
        held_to_signature,
    ),
    _probe(
        "post-size",
        "Forms are held to their size",
        "A quota would be worth nothing otherwise.",
        held_to_size,
    ),
    _probe(
        "post-type",
        "Forms are held to their type",
        "A picture could be stored as a page otherwise.",
        held_to_type,
    ),
    _probe(
        "post-key",
        "Forms are held to their key",
        "One client could overwrite another's file otherwise.",
        held_to_key,
    ),
)
LATE = (
    _probe(
        "post-expiry",
        "Forms die",
        "What was allowed for minutes could be sent for ever otherwise.",
        held_to_time,
    ),
)
