"""Which of the three ways to be public this bucket can do: acl, policy, gateway."""

import json
import time
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings

from media_core.storages.bucket.capabilities import Capability
from media_core.storages.bucket.desired.applying import alone
from media_core.storages.bucket.doctor.bench import Bench
from media_core.storages.bucket.doctor.probe import Probe, Seen, fine, lacking, untried, wrong
from media_core.storages.bucket.models import Deployment
from media_core.storages.bucket_errors import code_of
from media_core.storages.policy import POLICY_VERSION, read_policy
from tenants.prefixes import ObjectKey

# Followed by the deployment's id: others on this bucket have a doctor, too.
SID = "GatewayDoctor"
INSTEAD = "Set PUBLIC_MEDIA_MODE={}, or gateway, with which nothing in the bucket is public."
# A policy need not count at once.
WAIT_SECONDS = 10.0


def by_acl(bench: Bench) -> Seen:
    """Outside mode acl no ACL is sent, so nothing is known of them."""
    if settings.PUBLIC_MEDIA_MODE != "acl":
        return untried(
            f"Not tried: PUBLIC_MEDIA_MODE={settings.PUBLIC_MEDIA_MODE} sends no ACLs.",
            "To find out: PUBLIC_MEDIA_MODE=acl manage.py bucket doctor",
        )
    key = bench.put("media/by-acl", ACL="public-read", CacheControl="public, max-age=300")
    return _shown(bench, key, mode="acl", instead="policy")


def _shown(bench: Bench, key: ObjectKey, *, mode: str, instead: str) -> Seen:
    answer = bench.as_stranger(key)
    if bench.secret in answer.body:
        return fine("A stranger reads what is published, and nothing beside it.")
    return _cannot(
        f"A stranger gets {answer.status} for what was published.", mode=mode, instead=instead
    )


def _cannot(seen: str, *, mode: str, instead: str) -> Seen:
    """Return a failure in the mode that is set, and in any other that this one is not possible."""
    if mode == settings.PUBLIC_MEDIA_MODE:
        return wrong(seen, INSTEAD.format(instead))
    return lacking(seen)


def by_policy(bench: Bench) -> Seen:
    """A statement for the canary alone is put into the bucket's policy for a moment; others' statements stay."""
    if not bench.try_policy:
        return untried(
            "Not tried: it would change the bucket's policy for a moment.",
            "To find out: manage.py bucket doctor --try-policy",
        )
    shown, hidden = bench.put("media/by-policy"), bench.put("private/media/by-policy")
    # Of a bucket that is open anyway, other probes say so.
    was_open = bench.secret in bench.as_stranger(hidden).body
    # An apply beside it would write the canary's statement back, or lose it.
    with alone():
        try:
            _set(bench, [statement(bench)])
            seen = _published(bench, shown)
        except ClientError as error:
            refused = f"It answered {code_of(error)} to a policy."
            return _cannot(refused, mode="policy", instead="acl")
        finally:
            _set(bench, [])
    if seen.proved and not was_open and bench.secret in bench.as_stranger(hidden).body:
        return wrong("A policy for media/ opened private/media/ as well.")
    return seen


def _published(bench: Bench, key: ObjectKey) -> Seen:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if bench.secret in bench.as_stranger(key).body:
            return fine("A stranger reads what the policy names, and nothing beside it.")
        time.sleep(0.2)
    return _cannot(
        "A stranger does not read what the policy names: is public access blocked?",
        mode="policy",
        instead="acl",
    )


def statement(bench: Bench) -> dict[str, Any]:
    """Return the statement that opens this run's media/, in the form in which tenants' are written."""
    return {
        "Sid": _sid(),
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bench.bucket}/{bench.key('media/x')[:-1]}*"],
    }


def _sid() -> str:
    return f"{SID}{Deployment.this().pk.hex}"


def _set(bench: Bench, ours: list[dict[str, Any]]) -> None:
    """Put ours in the place of what runs before this one left; keep all that others wrote."""
    document = _policy(bench)
    before = document.get("Statement", [])
    others = [each for each in before if each.get("Sid") != _sid()]
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


def _policy(bench: Bench) -> dict[str, Any]:
    try:
        text = bench.client.get_bucket_policy(Bucket=bench.bucket)["Policy"]
    except ClientError as error:
        if code_of(error) == "NoSuchBucketPolicy":
            return {}
        raise
    return read_policy(text)


def by_gateway(_bench: Bench) -> Seen:
    """It needs nothing of the bucket but a private one."""
    chosen = settings.PUBLIC_MEDIA_MODE == "gateway"
    return fine(
        "Always possible" + (", and chosen: nothing in the bucket is public." if chosen else ".")
    )


PROBES = (
    Probe(
        id="public-acl",
        title="Public by ACL",
        why="Published objects are read by everybody without the gateway, each by an ACL of its own.",
        run=by_acl,
        checklist="4. ACLs",
        proves=(Capability.PUBLIC_BY_ACL,),
        at_worst=lambda seen: _cannot(seen, mode="acl", instead="policy"),
    ),
    Probe(
        id="public-policy",
        title="Public by policy",
        why="Where a bucket knows no ACLs, its policy can name each client's public area.",
        run=by_policy,
        proves=(Capability.PUBLIC_BY_POLICY,),
        at_worst=lambda seen: _cannot(seen, mode="policy", instead="acl"),
    ),
    Probe(
        id="public-gateway",
        title="Public by the gateway",
        why="Nothing in the bucket is public; permanent addresses redirect to links of some minutes.",
        run=by_gateway,
    ),
)
