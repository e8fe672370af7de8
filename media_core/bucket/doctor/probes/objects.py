"""Writing, copying and deleting: what works as it should, and what the gateway does without."""

from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from media_core.bucket.bucket_errors import get_status
from media_core.bucket.capabilities import Capability
from media_core.bucket.doctor.bench import Bench
from media_core.bucket.doctor.probe import (
    Observation,
    Probe,
    describe_error,
    is_temporary,
    report_failure,
    report_ok,
    report_unsupported,
)
from tenants.prefixes import ObjectKey

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# The smallest size of a part that is not the last one.
PART_BYTES = 5 * 1024 * 1024
STREAM_REMEDY = "Nothing to do: the gateway reads and writes the bytes itself, which takes longer."
SINGLE_PUT_REMEDY = "Nothing to do: the gateway sends files in one piece, up to 5 GB."
CHECKSUM_REMEDY = (
    "The store stumbles over checksums, or a proxy changes requests on their way. Mend that first."
)


def probe_checksums(bench: Bench) -> Observation:
    """With the client that the gateway uses, whose checksums are sent only where S3 demands them."""
    key = bench.put("private/whole")
    if bench.read(key) != bench.secret:
        return report_failure("What was written is not what is read.", CHECKSUM_REMEDY)
    try:
        return _probe_multipart(bench)
    except ClientError as error:
        if is_temporary(error):
            raise
        return report_unsupported(
            f"Whole files agree, but parts: {describe_error(error)}", SINGLE_PUT_REMEDY
        )


def _probe_multipart(bench: Bench) -> Observation:
    parts = (bench.secret * (PART_BYTES // len(bench.secret)), b"and the rest")
    digest = sha256(b"".join(parts)).hexdigest()
    read = bench.read(_upload_in_parts(bench, parts))
    if read is None or sha256(read).hexdigest() != digest:
        return report_failure("What was written in parts is not what is read.", CHECKSUM_REMEDY)
    return report_ok(
        f"Whole and in parts, {sum(map(len, parts)):,} bytes came back as they were written."
    )


def _upload_in_parts(bench: Bench, parts: tuple[bytes, ...]) -> ObjectKey:
    key = bench.key("private/parts")
    upload_id = bench.begin_multipart_upload(key)
    done: list[CompletedPartTypeDef] = []
    for number, part in enumerate(parts, start=1):
        answer = bench.client.upload_part(
            Bucket=bench.bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=part
        )
        done.append({"ETag": answer["ETag"], "PartNumber": number})
    bench.client.complete_multipart_upload(
        Bucket=bench.bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": done}
    )
    return key


def probe_copy(bench: Bench) -> Observation:
    """A copy with headers of its own, as publishing makes it."""
    source = bench.put("private/source", ContentType="application/pdf")
    target = bench.key("private/copied")
    bench.client.copy_object(
        Bucket=bench.bucket,
        Key=target,
        CopySource={"Bucket": bench.bucket, "Key": source},
        MetadataDirective="REPLACE",
        ContentType="text/plain",
    )
    found = bench.client.get_object(Bucket=bench.bucket, Key=target)
    if found["Body"].read() != bench.secret:
        return report_unsupported("A copy has other bytes.", STREAM_REMEDY)
    if found["ContentType"] != "text/plain":
        return report_unsupported("A copy keeps the headers of its source.", STREAM_REMEDY)
    return report_ok("A copy has the bytes of its source, and headers of its own.")


def probe_conditional_put(bench: Bench) -> Observation:
    key = bench.put("private/once")
    try:
        bench.client.put_object(Bucket=bench.bucket, Key=key, Body=b"twice", IfNoneMatch="*")
    except ClientError as error:
        if get_status(error) == HTTPStatus.PRECONDITION_FAILED:
            return report_ok("If-None-Match: * keeps a second PUT from the key of the first.")
        raise
    return report_unsupported("If-None-Match: * is overlooked.", CONDITIONAL_REMEDY)


CONDITIONAL_REMEDY = "Nothing to do: keys hold a UUID, and the ledger says which are taken."


def probe_batch_delete(bench: Bench) -> Observation:
    keys = [bench.put(f"private/batch/{number}") for number in range(3)]
    answer = bench.client.delete_objects(
        Bucket=bench.bucket, Delete={"Objects": [{"Key": key} for key in keys[:2]]}
    )
    left = [bench.read(key) is not None for key in keys]
    if answer.get("Errors") or left != [False, False, True]:
        return report_unsupported("A batch did not delete just what it named.", ONE_BY_ONE_REMEDY)
    return report_ok("A batch deletes what it names.")


ONE_BY_ONE_REMEDY = "Nothing to do: objects are deleted one by one."

PROBES = (
    Probe(
        id="checksums",
        title="Writes and reads agree",
        why="boto3's own checksums make uploads over HTTPS fail on Ceph RGW; ours are sent only where S3 demands them.",
        run=probe_checksums,
        remedy=CHECKSUM_REMEDY,
        checklist="6. checksum settings",
        proves=(Capability.MULTIPART,),
    ),
    Probe(
        id="copy",
        title="The bucket copies",
        why="Publishing and taking back copy inside the bucket, or the bytes go through the gateway.",
        run=probe_copy,
        proves=(Capability.COPY,),
        at_worst=lambda seen: report_unsupported(seen, STREAM_REMEDY),
    ),
    Probe(
        id="if-none-match",
        title="A key is not written twice",
        why="With If-None-Match: * the bucket itself keeps one upload from another's key.",
        run=probe_conditional_put,
        proves=(Capability.CONDITIONAL_PUT,),
        at_worst=lambda seen: report_unsupported(seen, CONDITIONAL_REMEDY),
    ),
    Probe(
        id="batch-delete",
        title="Deletes in batches",
        why="Retiring a client deletes thousands of objects: a thousand a request, or one.",
        run=probe_batch_delete,
        proves=(Capability.BATCH_DELETE,),
        at_worst=lambda seen: report_unsupported(seen, ONE_BY_ONE_REMEDY),
    ),
)
