"""The bucket policy: one statement for each tenant in PUBLIC_MEDIA_MODE=policy, none of ours in other modes."""

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from media_core.errors import ApplyRefused
from media_core.storages.bucket.desired.part import Configuration, Part, asked
from media_core.storages.bucket.desired.rules import Rule
from media_core.storages.bucket_errors import translate_errors
from media_core.storages.client import bucket_client
from media_core.storages.policy import (
    MAX_POLICY_BYTES,
    POLICY_VERSION,
    SID,
    public_statement,
    read_policy,
)
from tenants.models import Tenant

ANYBODY = {"AWS": ["*"]}
# What may be one text or a list of them.
LISTS = ("Action", "NotAction", "Resource", "NotResource")


class PublicPolicy(Part):
    name = "policy"
    instead = "Use PUBLIC_MEDIA_MODE=acl or gateway."

    def __init__(self, tenants: Sequence[Tenant]) -> None:
        self.statements = [public_statement(tenant) for tenant in tenants]
        self.sids = {statement["Sid"] for statement in self.statements}
        self.resources = {statement["Resource"][0] for statement in self.statements}

    def read(self) -> Configuration:
        answer = asked(bucket_client().get_bucket_policy, none="NoSuchBucketPolicy")
        try:
            policy = read_policy(answer.get("Policy") or "{}")
        except ValueError as error:
            raise ApplyRefused(f"The bucket's policy cannot be read. {self.instead}") from error
        return Configuration(policy.pop("Statement"), policy)

    def write(self, configuration: Configuration) -> None:
        client: Any = bucket_client()
        with translate_errors():
            if configuration.rules:
                client.put_bucket_policy(
                    Bucket=settings.BUCKET_NAME, Policy=_document(configuration)
                )
            else:
                client.delete_bucket_policy(Bucket=settings.BUCKET_NAME)

    def wanted(self, others: Sequence[Rule]) -> Sequence[Rule]:
        return self.statements if settings.PUBLIC_MEDIA_MODE == "policy" else []

    def is_ours(self, rule: Rule) -> bool:
        """Return whether it has a Sid of ours, and names a tenant of ours by its id or its room.

        The Sid's beginning alone is no proof: other deployments on the bucket write the same.
        """
        sid = str(rule.get("Sid", ""))
        return sid in self.sids or (
            sid.startswith(SID)
            and self.resources.issuperset(self.normal(rule).get("Resource", "?"))
        )

    def normal(self, rule: Rule) -> Rule:
        """Return it with lists for single texts, in order, and one way to say everybody."""
        lists: Rule = {name: _listed(rule[name]) for name in LISTS if name in rule}
        principal = rule.get("Principal")
        if isinstance(principal, dict):
            lists["Principal"] = {kind: _listed(whom) for kind, whom in principal.items()}
        elif principal == "*":
            lists["Principal"] = ANYBODY
        return {**rule, **lists}

    def refuse_too_much(self, configuration: Configuration) -> None:
        size = len(_document(configuration).encode())
        if size > MAX_POLICY_BYTES:
            raise ApplyRefused(
                f"The policy would have {size} bytes; buckets take {MAX_POLICY_BYTES}. {self.instead}"
            )


def _document(configuration: Configuration) -> str:
    """Return the policy as short as it can be written."""
    around = {"Version": POLICY_VERSION} | configuration.around
    return json.dumps({**around, "Statement": list(configuration.rules)}, separators=(",", ":"))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else sorted(value)
