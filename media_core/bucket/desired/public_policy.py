"""The bucket policy: one statement for each tenant in PUBLIC_MEDIA_MODE=policy, none of ours in other modes."""

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from media_core.bucket.bucket_errors import translate_errors
from media_core.bucket.bucket_policy import (
    MAX_POLICY_BYTES,
    POLICY_VERSION,
    SID_PREFIX,
    build_public_statement,
    parse_policy,
)
from media_core.bucket.client import get_bucket_client
from media_core.bucket.desired.rules import Rule
from media_core.bucket.desired.section import (
    Configuration,
    ConfigurationSection,
    fetch_configuration,
)
from media_core.errors import ApplyRefused
from tenants.models import Tenant

ANYBODY = {"AWS": ["*"]}
# What may be one text or a list of them.
LIST_FIELDS = ("Action", "NotAction", "Resource", "NotResource")


class PublicPolicy(ConfigurationSection):
    name = "policy"
    instead = "Use PUBLIC_MEDIA_MODE=acl or gateway."

    def __init__(self, tenants: Sequence[Tenant]) -> None:
        self.statements = [build_public_statement(tenant) for tenant in tenants]
        self.sids = {statement["Sid"] for statement in self.statements}
        self.resources = {statement["Resource"][0] for statement in self.statements}

    def read(self) -> Configuration:
        answer = fetch_configuration(
            get_bucket_client().get_bucket_policy, none="NoSuchBucketPolicy"
        )
        try:
            policy = parse_policy(answer.get("Policy") or "{}")
        except ValueError as error:
            raise ApplyRefused(f"The bucket's policy cannot be read. {self.instead}") from error
        return Configuration(policy.pop("Statement"), policy)

    def write(self, configuration: Configuration) -> None:
        client: Any = get_bucket_client()
        with translate_errors():
            if configuration.rules:
                client.put_bucket_policy(
                    Bucket=settings.BUCKET_NAME, Policy=_serialize_policy(configuration)
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
            sid.startswith(SID_PREFIX)
            and self.resources.issuperset(self.normalize(rule).get("Resource", "?"))
        )

    def normalize(self, rule: Rule) -> Rule:
        """Return it with lists for single texts, in order, and one way to say everybody."""
        lists: Rule = {name: _sort_values(rule[name]) for name in LIST_FIELDS if name in rule}
        principal = rule.get("Principal")
        if isinstance(principal, dict):
            lists["Principal"] = {kind: _sort_values(whom) for kind, whom in principal.items()}
        elif principal == "*":
            lists["Principal"] = ANYBODY
        return {**rule, **lists}

    def refuse_too_much(self, configuration: Configuration) -> None:
        size = len(_serialize_policy(configuration).encode())
        if size > MAX_POLICY_BYTES:
            raise ApplyRefused(
                f"The policy would have {size} bytes; buckets take {MAX_POLICY_BYTES}. {self.instead}"
            )


def _serialize_policy(configuration: Configuration) -> str:
    """Return the policy as short as it can be written."""
    around = {"Version": POLICY_VERSION} | configuration.around
    return json.dumps({**around, "Statement": list(configuration.rules)}, separators=(",", ":"))


def _sort_values(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else sorted(value)
