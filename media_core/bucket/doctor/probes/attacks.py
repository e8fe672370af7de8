"""What the holder of a presigned upload can add to it: CVE-2026-54330 and its relatives.

A store that obeys an `x-amz-*` header that the signature does not cover lets the holder of a presigned PUT copy any
object of the bucket to where it may read it, or publish what it uploads.
"""

from collections.abc import Callable

from media_core.bucket.capabilities import Capability
from media_core.bucket.doctor.bench import Bench
from media_core.bucket.doctor.probe import (
    Observation,
    Probe,
    report_ok,
    report_unsupported,
    report_untried,
)

RELAY_REMEDY = (
    "Nothing to do: the gateway gives no presigned PUT and no presigned part to anybody here. Give none out yourself, "
    "and ask your provider for a store that refuses x-amz-* headers which are not signed."
)


def probe_copy_by_put(bench: Bench) -> Observation:
    victim, target = bench.put("private/victim"), bench.key("private/incoming/put")
    answer = bench.ask(
        "PUT", bench.link("put_object", target), headers=_build_copy_header(bench, victim)
    )
    if bench.read(target) == bench.secret:
        return report_unsupported(
            "With x-amz-copy-source a presigned PUT reads any object of the bucket.", RELAY_REMEDY
        )
    return report_ok(f"A presigned PUT with x-amz-copy-source copies nothing ({answer.status}).")


def probe_copy_by_part(bench: Bench) -> Observation:
    victim, target = bench.put("private/victim"), bench.key("private/incoming/part")
    upload_id = bench.begin_multipart_upload(target)
    link = bench.link("upload_part", target, UploadId=upload_id, PartNumber=1)
    answer = bench.ask("PUT", link, headers=_build_copy_header(bench, victim))
    parts = bench.client.list_parts(Bucket=bench.bucket, Key=target, UploadId=upload_id)
    bench.client.abort_multipart_upload(Bucket=bench.bucket, Key=target, UploadId=upload_id)
    if any(part["Size"] == len(bench.secret) for part in parts.get("Parts", ())):
        return report_unsupported(
            "With x-amz-copy-source a presigned part reads any object of the bucket.", RELAY_REMEDY
        )
    return report_ok(f"A presigned part with x-amz-copy-source copies nothing ({answer.status}).")


def _build_copy_header(bench: Bench, victim: str) -> dict[str, str]:
    return {"x-amz-copy-source": f"/{bench.bucket}/{victim}"}


def probe_acl_by_put(bench: Bench) -> Observation:
    """The header is the attacker's. The gateway itself sends ACLs in mode acl only."""
    target = bench.key("private/incoming/acl")
    link = bench.link("put_object", target)
    headers = {"x-amz-acl": "public-read"}
    answer = bench.ask("PUT", link, headers=headers, body=bench.secret)
    if bench.secret in bench.ask_anonymously(target).body:
        return report_unsupported(
            "With x-amz-acl a presigned PUT publishes what it uploads.", RELAY_REMEDY
        )
    return report_ok(f"A presigned PUT with x-amz-acl publishes nothing ({answer.status}).")


def _make_probe(name: str, title: str, run: Callable[[Bench], Observation]) -> Probe:
    return Probe(
        id=name,
        title=title,
        why="Uploads by presigned URL are safe only where the store refuses headers that are not signed.",
        run=run,
        proves=(Capability.SIGNED_HEADERS_ONLY,),
        at_worst=report_untried,
    )


PROBES = (
    _make_probe("unsigned-copy-put", "A presigned PUT copies nothing", probe_copy_by_put),
    _make_probe("unsigned-copy-part", "A presigned part copies nothing", probe_copy_by_part),
    _make_probe("unsigned-acl", "A presigned PUT publishes nothing", probe_acl_by_put),
)
