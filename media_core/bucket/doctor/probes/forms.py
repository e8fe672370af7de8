"""Forms by which a browser uploads straight into the bucket (POST policies), and what they must be held to."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from urllib3.filepost import encode_multipart_formdata

from media_core.bucket.anonymous_http import BucketResponse
from media_core.bucket.capabilities import Capability
from media_core.bucket.doctor.bench import SHORT_SECONDS, Bench
from media_core.bucket.doctor.probe import (
    Observation,
    Probe,
    report_ok,
    report_unsupported,
    report_untried,
)
from tenants.prefixes import ObjectKey

RELAY_REMEDY = "Nothing to do: uploads go through the gateway here, never by a form."
CONTENT_TYPE = "application/pdf"
BOUNDARY = "gateway-doctor"


def sign_form(bench: Bench, key: ObjectKey, *, seconds: int = 60) -> dict[str, Any]:
    """Return a signed form for exactly this key, this type and the size of the canary."""
    size = len(bench.secret)
    return bench.client.generate_presigned_post(
        bench.bucket,
        key,
        Fields={"Content-Type": CONTENT_TYPE},
        Conditions=[{"Content-Type": CONTENT_TYPE}, ["content-length-range", 1, size]],
        ExpiresIn=seconds,
    )


def send_form(
    bench: Bench,
    signed: dict[str, Any],
    changed: Mapping[str, str] = MappingProxyType({}),
    *,
    body: bytes = b"",
) -> BucketResponse:
    """Send the form as a browser does, with some of its fields changed."""
    fields: list[Any] = [*{**signed["fields"], **changed}.items()]
    fields.append(("file", ("canary", body or bench.secret, CONTENT_TYPE)))
    content, content_type = encode_multipart_formdata(fields, BOUNDARY)
    return bench.ask("POST", signed["url"], headers={"Content-Type": content_type}, body=content)


def probe_form(bench: Bench) -> Observation:
    key = bench.key("private/incoming/form")
    bench.keep_until_expired(
        "form", sign_form(bench, bench.key("private/incoming/late"), seconds=SHORT_SECONDS)
    )
    answer = send_form(bench, sign_form(bench, key))
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return report_unsupported(f"A signed form was answered with {answer.status}.", RELAY_REMEDY)
    if bench.read(key) != bench.secret:
        return report_unsupported(
            "A signed form was taken, and its file is not there.", RELAY_REMEDY
        )
    bench.takes_forms = True
    return report_ok("A signed form stores exactly its file.")


def probe_form_size(bench: Bench) -> Observation:
    key = bench.key("private/incoming/size")
    send_form(bench, sign_form(bench, key), body=bench.secret * 2)
    return _judge_refusals(bench, {"a file that is too large": key})


def probe_form_type(bench: Bench) -> Observation:
    key = bench.key("private/incoming/type")
    send_form(bench, sign_form(bench, key), {"Content-Type": "text/html"})
    return _judge_refusals(bench, {"another type": key})


def probe_form_key(bench: Bench) -> Observation:
    """Another key, and a field that the form does not name."""
    other, extra = bench.key("private/other-key"), bench.key("private/incoming/extra")
    send_form(bench, sign_form(bench, bench.key("private/incoming/key")), {"key": other})
    send_form(bench, sign_form(bench, extra), {"x-amz-meta-extra": "1"})
    return _judge_refusals(bench, {"another key": other, "a field of its own": extra})


def probe_form_expiry(bench: Bench) -> Observation:
    if bench.takes_forms:
        send_form(bench, bench.take_expired("form"))
    return _judge_refusals(bench, {"a form that is over": bench.key("private/incoming/late")})


def probe_form_signature(bench: Bench) -> Observation:
    key = bench.key("private/incoming/unsigned")
    signed = sign_form(bench, key)
    field = "x-amz-signature" if "x-amz-signature" in signed["fields"] else "signature"
    send_form(bench, signed, {field: signed["fields"][field][::-1]})
    return _judge_refusals(bench, {"another signature": key})


def _judge_refusals(bench: Bench, tried: dict[str, ObjectKey]) -> Observation:
    """What is there decides, not what was answered. Where no form is taken at all, nothing is known."""
    if not bench.takes_forms:
        return report_untried("Not tried: no form is taken here.")
    inside = [what for what, key in tried.items() if bench.read(key) is not None]
    if inside:
        return report_unsupported(f"It stored {' and '.join(inside)}.", RELAY_REMEDY)
    return report_ok(f"It refuses {' and '.join(tried)}.")


def _make_probe(name: str, title: str, why: str, run: Callable[[Bench], Observation]) -> Probe:
    return Probe(
        id=name,
        title=title,
        why=why,
        run=run,
        proves=(Capability.POST_POLICY,),
        at_worst=report_untried,
    )


PROBES = (
    Probe(
        id="post",
        title="Signed forms are taken",
        why="A browser can then upload straight into the bucket, instead of through the gateway.",
        run=probe_form,
        proves=(Capability.POST_POLICY,),
        at_worst=lambda seen: report_unsupported(seen, RELAY_REMEDY),
    ),
    _make_probe(
        "post-signature",
        "Forms need their signature",
        "Anybody could upload otherwise.",
        probe_form_signature,
    ),
    _make_probe(
        "post-size",
        "Forms are held to their size",
        "A quota would be worth nothing otherwise.",
        probe_form_size,
    ),
    _make_probe(
        "post-type",
        "Forms are held to their type",
        "A picture could be stored as a page otherwise.",
        probe_form_type,
    ),
    _make_probe(
        "post-key",
        "Forms are held to their key",
        "One client could overwrite another's file otherwise.",
        probe_form_key,
    ),
)
LATE_PROBES = (
    _make_probe(
        "post-expiry",
        "Forms die",
        "What was allowed for minutes could be sent for ever otherwise.",
        probe_form_expiry,
    ),
)
