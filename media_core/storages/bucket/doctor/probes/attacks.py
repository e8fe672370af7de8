"""What the holder of a presigned upload can add to it: CVE-2026-54330 and its relatives.

A store that obeys an `x-amz-*` header that the signature does not cover lets the holder of a presigned PUT copy any
object of the bucket to where it may read it, or publish what it uploads.
"""

from collections.abc import Callable

from media_core.storages.bucket.capabilities import Capability
from media_core.storages.bucket.doctor.bench import Bench
from media_core.storages.bucket.doctor.probe import Probe, Seen, fine, lacking, untried

RELAYED = (
    "Nothing to do: the gateway gives no presigned PUT and no presigned part to anybody here. Give none out yourself, "
    "and ask your provider for a store that refuses x-amz-* headers which are not signed."
)


def copy_by_put(bench: Bench) -> Seen:
    victim, target = bench.put("private/victim"), bench.key("private/incoming/put")
    answer = bench.ask("PUT", bench.link("put_object", target), headers=_copy_of(bench, victim))
    if bench.read(target) == bench.secret:
        return lacking(
            "With x-amz-copy-source a presigned PUT reads any object of the bucket.", RELAYED
        )
    return fine(f"A presigned PUT with x-amz-copy-source copies nothing ({answer.status}).")


def copy_by_part(bench: Bench) -> Seen:
    victim, target = bench.put("private/victim"), bench.key("private/incoming/part")
    upload_id = bench.begin_parts(target)
    link = bench.link("upload_part", target, UploadId=upload_id, PartNumber=1)
    answer = bench.ask("PUT", link, headers=_copy_of(bench, victim))
    parts = bench.client.list_parts(Bucket=bench.bucket, Key=target, UploadId=upload_id)
    bench.client.abort_multipart_upload(Bucket=bench.bucket, Key=target, UploadId=upload_id)
    if any(part["Size"] == len(bench.secret) for part in parts.get("Parts", ())):
        return lacking(
            "With x-amz-copy-source a presigned part reads any object of the bucket.", RELAYED
        )
    return fine(f"A presigned part with x-amz-copy-source copies nothing ({answer.status}).")


def _copy_of(bench: Bench, victim: str) -> dict[str, str]:
    return {"x-amz-copy-source": f"/{bench.bucket}/{victim}"}


def acl_by_put(bench: Bench) -> Seen:
    """The header is the attacker's. The gateway itself sends ACLs in mode acl only."""
    target = bench.key("private/incoming/acl")
    link = bench.link("put_object", target)
    headers = {"x-amz-acl": "public-read"}
    answer = bench.ask("PUT", link, headers=headers, body=bench.secret)
    if bench.secret in bench.as_stranger(target).body:
        return lacking("With x-amz-acl a presigned PUT publishes what it uploads.", RELAYED)
    return fine(f"A presigned PUT with x-amz-acl publishes nothing ({answer.status}).")


def _attack(name: str, title: str, run: Callable[[Bench], Seen]) -> Probe:
    return Probe(
        id=name,
        title=title,
        why="Uploads by presigned URL are safe only where the store refuses headers that are not signed.",
        run=run,
        proves=(Capability.SIGNED_HEADERS_ONLY,),
        at_worst=untried,
    )


PROBES = (
    _attack("unsigned-copy-put", "A presigned PUT copies nothing", copy_by_put),
    _attack("unsigned-copy-part", "A presigned part copies nothing", copy_by_part),
    _attack("unsigned-acl", "A presigned PUT publishes nothing", acl_by_put),
)
