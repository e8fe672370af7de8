"""Whether the bucket is there, and whether it takes us for who we are."""

from http import HTTPStatus
from typing import Literal
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from media_core.bucket.anonymous_http import measure_clock_lag
from media_core.bucket.bucket_errors import get_error_code, get_status
from media_core.bucket.client import get_bucket_access, make_one_off_client
from media_core.bucket.doctor.bench import Bench
from media_core.bucket.doctor.probe import (
    Observation,
    Probe,
    describe_error,
    report_failure,
    report_ok,
    report_untried,
    report_warning,
)
from media_core.errors import BucketUnavailable
from tenants.prefixes import build_gateway_key

# S3 and Ceph RGW refuse a request whose clock is a quarter of an hour off.
REFUSED_SKEW_SECONDS = 900
WARNED_SKEW_SECONDS = 30
OTHER_VERSION: dict[str, Literal["s3", "s3v4"]] = {"s3v4": "s3", "s3": "s3v4"}
OTHER_STYLE: dict[str, Literal["path", "virtual"]] = {"virtual": "path", "path": "virtual"}


def probe_reachability(bench: Bench) -> Observation:
    """Any answer will do, also a refusal."""
    try:
        answer = bench.ask_anonymously("", "HEAD")
    except BucketUnavailable as error:
        return report_failure(f"{get_endpoint()} does not answer, or is busy ({error.detail}).")
    return report_ok(f"{get_endpoint()} answers ({answer.status} to a stranger).")


def probe_clock(bench: Bench) -> Observation:
    behind = measure_clock_lag(bench.ask_anonymously("", "HEAD"))
    if behind is None:
        return report_untried("The bucket's answers have no Date that can be read.")
    bench.behind = max(0.0, behind)
    skew = round(abs(behind))
    if skew >= REFUSED_SKEW_SECONDS:
        return report_failure(f"The clocks are {skew} seconds apart.")
    if skew >= WARNED_SKEW_SECONDS:
        return report_warning(
            f"The clocks are {skew} seconds apart: links live so much longer or shorter."
        )
    return report_ok(f"The clocks are {skew} second(s) apart.")


def probe_credentials(bench: Bench) -> Observation:
    """Listing asks for more than HEAD, whose refusals have no words."""
    try:
        _list_one_key(bench.client)
    except ClientError as error:
        return report_failure(*_explain_refusal(error))
    return report_ok(f"The keys open the bucket {settings.BUCKET_NAME}.")


def _list_one_key(client: object) -> None:
    prefix = build_gateway_key("x", deployment_prefix=settings.LOCATION_PREFIX)[:-1]
    client.list_objects_v2(Bucket=settings.BUCKET_NAME, Prefix=prefix, MaxKeys=1)  # type: ignore[attr-defined]  # a client of boto


def _explain_refusal(error: ClientError) -> tuple[str, str]:
    code, status = get_error_code(error), get_status(error)
    if code == "NoSuchBucket" or status == HTTPStatus.NOT_FOUND:
        return f"There is no bucket {settings.BUCKET_NAME} at {get_endpoint()}.", (
            "Mend AWS_STORAGE_BUCKET_NAME or AWS_S3_ENDPOINT_URL: a bucket is known at its own location only."
        )
    remedies = {
        "InvalidAccessKeyId": "Mend AWS_ACCESS_KEY_ID: the bucket does not know it.",
        "SignatureDoesNotMatch": "Mend AWS_SECRET_ACCESS_KEY, or see the signature below.",
        "RequestTimeTooSkewed": "Set this machine's clock (NTP).",
        "AuthorizationHeaderMalformed": "Mend AWS_S3_REGION_NAME: the bucket is in another region.",
    }
    usual = "Give keys that may read, write, delete and list in this bucket."
    return describe_error(error), remedies.get(code, usual)


def probe_signature(bench: Bench) -> Observation:
    """Whether the version in settings is taken; if not, whether the other one is."""
    version = settings.BUCKET_SIGNATURE_VERSION
    if _can_list(bench.client):
        if version == "s3v4":
            return report_ok(f"SigV4 is taken, for the region {settings.BUCKET_REGION}.")
        return _report_sigv2()
    other = OTHER_VERSION[version]
    # boto signs SigV2 wrongly by path.
    style = "virtual" if other == "s3" else settings.BUCKET_ADDRESSING_STYLE
    if _can_list(_make_client(signature_version=other, addressing_style=style)):
        return report_failure(
            f"{version} is refused, {other} is taken.",
            f"Set AWS_S3_SIGNATURE_VERSION={other} and AWS_S3_ADDRESSING_STYLE={style}.",
        )
    return report_untried(f"Neither {version} nor {other} is taken: see what failed above.")


def _report_sigv2() -> Observation:
    if _can_list(_make_client(signature_version="s3v4")):
        return report_warning(
            "SigV2 is taken, and so is SigV4.",
            "Set AWS_S3_SIGNATURE_VERSION=s3v4: SigV2 neither signs the host nor the length of an upload.",
        )
    return report_warning("SigV2 is taken. SigV4 is not.")


def probe_addressing(bench: Bench) -> Observation:
    """Whether the style in settings reaches the bucket; if not, whether the other one does."""
    style = settings.BUCKET_ADDRESSING_STYLE
    if _can_list(bench.client):
        shown = urlsplit(bench.link("get_object", bench.key("private/x")))
        return report_ok(
            f"{style}: keys begin at {shown.scheme}://{shown.netloc}{_find_bucket_path(shown.path)}."
        )
    other = OTHER_STYLE[style]
    if _can_list(_make_client(addressing_style=other)):
        return report_failure(
            f"{style} fails, {other} works.", f"Set AWS_S3_ADDRESSING_STYLE={other}."
        )
    return report_untried(f"Neither {style} nor {other} opens the bucket: see what failed above.")


def _find_bucket_path(path: str) -> str:
    inside = path.startswith(f"/{settings.BUCKET_NAME}/")
    return f"/{settings.BUCKET_NAME}" if inside else ""


def _make_client(**other: str) -> object:
    # Once refused is enough: it is asked only for what it answers.
    return make_one_off_client(
        get_bucket_access(), Config(retries={"total_max_attempts": 1}), **other
    )


def _can_list(client: object) -> bool:
    try:
        _list_one_key(client)
    except (BotoCoreError, ClientError):
        return False
    return True


def probe_prefix(bench: Bench) -> Observation:
    """A canary is written by its key, and found under the deployment's prefix and nowhere else."""
    key = bench.put("private/prefix")
    found = bench.client.list_objects_v2(Bucket=bench.bucket, Prefix=bench.key("private/prefix"))
    keys = [each["Key"] for each in found.get("Contents", ())]
    if keys != [key]:
        return report_failure(
            f"A list of its prefix shows {len(keys)} keys instead of the one that was written."
        )
    where = settings.LOCATION_PREFIX or "the root of the bucket (LOCATION_PREFIX is empty)"
    return report_ok(f"All keys of this deployment begin at {where}.")


def get_endpoint() -> str:
    return str(settings.BUCKET_ENDPOINT_URL)


PROBES = (
    Probe(
        id="reachable",
        title="The bucket is reached",
        why="Without an answer nothing is stored and no link works.",
        run=probe_reachability,
        remedy="Look at AWS_S3_ENDPOINT_URL, its certificate (AWS_CA_BUNDLE names an authority of your own), DNS and "
        "the firewall; or the bucket is busy: run this again.",
        is_gate=True,
    ),
    Probe(
        id="clock",
        title="The clocks agree",
        why="Signatures carry the time. A clock that is wrong refuses uploads, and lets links live too long.",
        run=probe_clock,
        remedy="Set this machine's clock (NTP).",
    ),
    Probe(
        id="credentials",
        title="The keys open it",
        why="The gateway reads, writes, deletes and lists with one pair of keys.",
        run=probe_credentials,
        is_gate=True,
    ),
    Probe(
        id="signature",
        title="The signature version is taken",
        why="A store refuses every request, and every link, that is signed in a way it does not know.",
        run=probe_signature,
        checklist="2. signature version",
        explains=True,
    ),
    Probe(
        id="addressing",
        title="Endpoint and path are right",
        why="A bucket may be a host (virtual) or a part of the path. Links and CORS depend on it.",
        run=probe_addressing,
        checklist="3. endpoint and path",
        explains=True,
    ),
    Probe(
        id="prefix",
        title="Keys lie under the prefix",
        why="The prefix keeps this deployment apart from whatever else lies in the bucket.",
        run=probe_prefix,
        checklist="7. prefixes",
    ),
)
