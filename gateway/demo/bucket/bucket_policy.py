"""Bucket policies: what they say about anybody.

The store has one owner, who may do everything that is not denied to everybody. So a policy matters
in two ways: what it allows to `*`, and what it denies to `*`.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gateway.demo.bucket.responses import Refused

STATEMENT_KEYS = frozenset(
    {
        "Action", "Condition", "Effect", "NotAction", "NotPrincipal", "NotResource", "Principal",
        "Resource", "Sid",
    }
)  # fmt: skip
# RGW refuses a policy with a word it does not know. The actions of buckets and objects, without
# the verb that stands in front of them.
ACTION_NOUNS = {
    "get": "AccelerateConfiguration BucketAcl BucketCORS BucketEncryption BucketLocation BucketLogging"
    " BucketNotification BucketObjectLockConfiguration BucketPolicy BucketPolicyStatus"
    " BucketPublicAccessBlock BucketRequestPayment BucketTagging BucketVersioning BucketWebsite"
    " LifecycleConfiguration Object ObjectAcl ObjectLegalHold ObjectRetention ObjectTagging"
    " ObjectTorrent ObjectVersion ObjectVersionAcl ObjectVersionTagging ObjectVersionTorrent"
    " PublicAccessBlock ReplicationConfiguration",
    "put": "AccelerateConfiguration BucketAcl BucketCORS BucketEncryption BucketLogging"
    " BucketNotification BucketObjectLockConfiguration BucketPolicy BucketPublicAccessBlock"
    " BucketRequestPayment BucketTagging BucketVersioning BucketWebsite LifecycleConfiguration"
    " Object ObjectAcl ObjectLegalHold ObjectRetention ObjectTagging ObjectVersionAcl"
    " ObjectVersionTagging PublicAccessBlock ReplicationConfiguration",
    "delete": "Bucket BucketPolicy BucketPublicAccessBlock BucketWebsite Object ObjectTagging"
    " ObjectVersion ObjectVersionTagging PublicAccessBlock ReplicationConfiguration",
    "list": "AllMyBuckets Bucket BucketMultipartUploads BucketVersions MultipartUploadParts",
    "abort": "MultipartUpload",
    "bypass": "GovernanceRetention",
    "create": "Bucket",
    "restore": "Object",
}
KNOWN_ACTIONS = [
    f"s3:{verb}{noun}".lower() for verb, nouns in ACTION_NOUNS.items() for noun in nouns.split()
]
ANYBODY_PRINCIPALS = ("*", {"AWS": "*"}, {"AWS": ["*"]})


@dataclass(frozen=True)
class Statement:
    effect: str
    for_anybody: bool
    actions: re.Pattern[str]
    resources: re.Pattern[str]
    all_actions_but: bool
    all_resources_but: bool

    def matches(self, action: str, resource: str) -> bool:
        """Return whether the statement speaks about anybody doing this."""
        done = bool(self.actions.fullmatch(action.lower())) is not self.all_actions_but
        there = bool(self.resources.fullmatch(resource)) is not self.all_resources_but
        return self.for_anybody and done and there


@dataclass(frozen=True)
class Policy:
    statements: tuple[Statement, ...] = ()

    @classmethod
    def read(cls, document: bytes) -> "Policy":
        """Return the policy of a JSON document, or refuse what could not be kept to the letter.

        An Allow under conditions, or for somebody by name, is taken and opens nothing. A Deny of
        that kind would have to be obeyed, so it is refused.
        """
        try:
            statements = json.loads(document)["Statement"]
            listed = [statements] if isinstance(statements, dict) else statements
            return cls(tuple(_parse_statement(each) for each in listed))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refused("InvalidArgument", "The policy could not be read.") from None

    def find_effect(self, action: str, resource: str) -> str:
        """Return `Deny`, else `Allow`, else nothing: a Deny wins over every Allow."""
        effects = {each.effect for each in self.statements if each.matches(action, resource)}
        return "Deny" if "Deny" in effects else "Allow" if effects else ""


@lru_cache(maxsize=64)
def parse_policy(document: bytes | None) -> Policy:
    """Return the policy of a bucket, an empty one when it has none."""
    return Policy.read(document) if document else Policy()


def _parse_statement(each: dict[str, Any]) -> Statement:
    effect = each["Effect"]
    plain = each.get("Principal") in ANYBODY_PRINCIPALS and "Condition" not in each
    if effect not in {"Allow", "Deny"}:
        raise Refused("InvalidArgument", "Effect is Allow or Deny.")
    if not STATEMENT_KEYS.issuperset(each):
        raise Refused("InvalidArgument", "A statement has a key that is not known.")
    if effect == "Deny" and not plain:
        raise Refused("NotImplemented", "A Deny is for everybody and without conditions here.")
    not_action, not_resource = "NotAction" in each, "NotResource" in each
    return Statement(
        effect,
        plain,
        _compile_globs(
            _require_known_actions(_make_list(each["NotAction" if not_action else "Action"]))
        ),
        _compile_globs(_make_list(each["NotResource" if not_resource else "Resource"])),
        not_action,
        not_resource,
    )


def _require_known_actions(globs: list[str]) -> list[str]:
    """Return the actions in lower case, or refuse one that stands for nothing."""
    lowered = [glob.lower() for glob in globs]
    for glob in lowered:
        if not any(_compile_globs([glob]).fullmatch(action) for action in KNOWN_ACTIONS):
            raise Refused("InvalidArgument", "A statement has an action that is not known.")
    return lowered


def _make_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _compile_globs(globs: Iterable[str]) -> re.Pattern[str]:
    """Return one pattern for all; `*` crosses slashes, as in S3."""
    patterns = (re.escape(glob).replace(r"\*", ".*").replace(r"\?", ".") for glob in globs)
    return re.compile("|".join(patterns), re.DOTALL)
