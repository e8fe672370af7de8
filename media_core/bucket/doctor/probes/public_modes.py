"""Which of the three ways to be public this bucket can do: acl, policy, gateway."""

import json
import time
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings

from media_core.bucket.bucket_errors import get_error_code
from media_core.bucket.bucket_policy import POLICY_VERSION, parse_policy
from media_core.bucket.capabilities import Capability
from media_core.bucket.desired.apply import lock_configuration
from media_core.bucket.doctor.bench import Bench
from media_core.bucket.doctor.probe import (
    Observation,
    Probe,
    report_failure,
    report_ok,
    report_unsupported,
    report_untried,
)
from media_core.bucket.models import Deployment
from tenants.prefixes import ObjectKey

# Followed by the deployment's id: others on this bucket have a doctor, too.
SID = "GatewayDoctor"
MODE_REMEDY = "Set PUBLIC_MEDIA_MODE={}, or gateway, with which nothing in the bucket is public."
# A policy need not count at once.
WAIT_SECONDS = 10.0


def probe_public_acl(bench: Bench) -> Observation:
    """Outside mode acl no ACL is sent, so nothing is known of them."""
    if settings.PUBLIC_MEDIA_MODE != "acl":
        return report_untried(
            f"Not tried: PUBLIC_MEDIA_MODE={settings.PUBLIC_MEDIA_MODE} sends no ACLs.",
            "To find out: PUBLIC_MEDIA_MODE=acl manage.py bucket doctor",
        )
    key = bench.put("media/by-acl", ACL="public-read", CacheControl="public, max-age=300")
    return _judge_public_read(bench, key, mode="acl", instead="policy")


def _judge_public_read(bench: Bench, key: ObjectKey, *, mode: str, instead: str) -> Observation:
    answer = bench.ask_anonymously(key)
    if bench.secret in answer.body:
        return report_ok("A stranger reads what is published, and nothing beside it.")
    return _report_impossible(
        f"A stranger gets {answer.status} for what was published.", mode=mode, instead=instead
    )


def _report_impossible(seen: str, *, mode: str, instead: str) -> Observation:
    """Return a failure in the mode that is set, and in any other that this one is not possible."""
    if mode == settings.PUBLIC_MEDIA_MODE:
        return report_failure(seen, MODE_REMEDY.format(instead))
    return report_unsupported(seen)


def probe_public_policy(bench: Bench) -> Observation:
    """A statement for the canary alone is put into the bucket's policy for a moment; others' statements stay."""
    if not bench.try_policy:
        return report_untried(
            "Not tried: it would change the bucket's policy for a moment.",
            "To find out: manage.py bucket doctor --try-policy",
        )
    shown, hidden = bench.put("media/by-policy"), bench.put("private/media/by-policy")
    # Of a bucket that is open anyway, other probes say so.
    was_open = bench.secret in bench.ask_anonymously(hidden).body
    # An apply beside it would write the canary's statement back, or lose it.
    with lock_configuration():
        try:
            _write_statements(bench, [build_statement(bench)])
            seen = _wait_until_public(bench, shown)
        except ClientError as error:
            refused = f"It answered {get_error_code(error)} to a policy."
            return _report_impossible(refused, mode="policy", instead="acl")
        finally:
            _write_statements(bench, [])
    if seen.proved and not was_open and bench.secret in bench.ask_anonymously(hidden).body:
        return report_failure("A policy for media/ opened private/media/ as well.")
    return seen


def _wait_until_public(bench: Bench, key: ObjectKey) -> Observation:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if bench.secret in bench.ask_anonymously(key).body:
            return report_ok("A stranger reads what the policy names, and nothing beside it.")
        time.sleep(0.2)
    return _report_impossible(
        "A stranger does not read what the policy names: is public access blocked?",
        mode="policy",
        instead="acl",
    )


def build_statement(bench: Bench) -> dict[str, Any]:
    """Return the statement that opens this run's media/, in the form in which tenants' are written."""
    return {
        "Sid": _build_sid(),
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bench.bucket}/{bench.key('media/x')[:-1]}*"],
    }


def _build_sid() -> str:
    return f"{SID}{Deployment.get_current().pk.hex}"


def _write_statements(bench: Bench, ours: list[dict[str, Any]]) -> None:
    """Put ours in the place of what runs before this one left; keep all that others wrote."""
    document = _read_policy(bench)
    before = document.get("Statement", [])
    others = [each for each in before if each.get("Sid") != _build_sid()]
    wanted = others + ours
    if before == wanted:
        return
    if wanted:
        text = json.dumps(
            {**document, "Version": document.get("Version", POLICY_VERSION), "Statement": wanted}
        )
        bench.client.put_bucket_policy(Bucket=bench.bucket, Policy=text)
    else:
        bench.client.delete_bucket_policy(Bucket=bench.bucket)


def _read_policy(bench: Bench) -> dict[str, Any]:
    try:
        text = bench.client.get_bucket_policy(Bucket=bench.bucket)["Policy"]
    except ClientError as error:
        if get_error_code(error) == "NoSuchBucketPolicy":
            return {}
        raise
    return parse_policy(text)


def probe_public_gateway(_bench: Bench) -> Observation:
    """It needs nothing of the bucket but a private one."""
    chosen = settings.PUBLIC_MEDIA_MODE == "gateway"
    return report_ok(
        "Always possible" + (", and chosen: nothing in the bucket is public." if chosen else ".")
    )


PROBES = (
    Probe(
        id="public-acl",
        title="Public by ACL",
        why="Published objects are read by everybody without the gateway, each by an ACL of its own.",
        run=probe_public_acl,
        checklist="4. ACLs",
        proves=(Capability.PUBLIC_BY_ACL,),
        at_worst=lambda seen: _report_impossible(seen, mode="acl", instead="policy"),
    ),
    Probe(
        id="public-policy",
        title="Public by policy",
        why="Where a bucket knows no ACLs, its policy can name each client's public area.",
        run=probe_public_policy,
        proves=(Capability.PUBLIC_BY_POLICY,),
        at_worst=lambda seen: _report_impossible(seen, mode="policy", instead="acl"),
    ),
    Probe(
        id="public-gateway",
        title="Public by the gateway",
        why="Nothing in the bucket is public; permanent addresses redirect to links of some minutes.",
        run=probe_public_gateway,
    ),
)
