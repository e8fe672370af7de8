"""Lifecycle: parts of uploads that nobody finished go after a day. Never a rule that removes an object."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from media_core.bucket.bucket_errors import translate_errors
from media_core.bucket.client import get_bucket_client
from media_core.bucket.desired.rules import Rule, build_rule_id, has_our_id
from media_core.bucket.desired.section import (
    Configuration,
    ConfigurationSection,
    fetch_configuration,
    parse_configuration,
)
from media_core.errors import ApplyRefused
from tenants.models import Tenant
from tenants.prefixes import GATEWAY_PREFIX

# What AWS and Ceph RGW take.
MAX_LIFECYCLE_RULES = 1000
ABANDONED_AFTER_DAYS = 1
DEFAULT_SIZE = "TransitionDefaultMinimumObjectSize"


def list_prefixes(tenants: Sequence[Tenant]) -> list[str]:
    """Return under which prefixes unfinished uploads are ours: our LOCATION_PREFIX, else each room by itself.

    An empty prefix would be the whole bucket, and break off what others upload for longer than a day.
    """
    if settings.LOCATION_PREFIX:
        return [settings.LOCATION_PREFIX]
    return [GATEWAY_PREFIX, *(str(tenant.prefix) for tenant in tenants)]


class Lifecycle(ConfigurationSection):
    name = "lifecycle"
    instead = (
        "Let the provider's own console remove incomplete multipart uploads after a day, or look for them yourself: "
        "they cost, and no listing of objects shows them."
    )

    def __init__(self, ours: Sequence[str]) -> None:
        self.prefixes = ours

    def read(self) -> Configuration:
        call = get_bucket_client().get_bucket_lifecycle_configuration
        answer = fetch_configuration(call, none="NoSuchLifecycleConfiguration")
        return parse_configuration(answer, rules="Rules", around=(DEFAULT_SIZE,))

    def write(self, configuration: Configuration) -> None:
        client: Any = get_bucket_client()
        rules = [{**rule, **_build_filter(rule)} for rule in configuration.rules]
        with translate_errors():
            if rules:
                client.put_bucket_lifecycle_configuration(
                    Bucket=settings.BUCKET_NAME,
                    LifecycleConfiguration={"Rules": rules},
                    **configuration.around,
                )
            else:
                client.delete_bucket_lifecycle(Bucket=settings.BUCKET_NAME)

    def wanted(self, others: Sequence[Rule]) -> Sequence[Rule]:
        """Return one rule for each prefix. The one filter is the prefix: RGW 16 drops others and keeps the rule.

        AWS refuses the older form of a filter beside the newer one, so ours takes the form of what is there.
        """
        older = any("Prefix" in rule for rule in others)
        return [
            {
                "ID": _build_prefix_rule_id(prefix),
                "Status": "Enabled",
                **({"Prefix": prefix} if older else {"Filter": {"Prefix": prefix}}),
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED_AFTER_DAYS},
            }
            for prefix in self.prefixes
        ]

    def is_ours(self, rule: Rule) -> bool:
        return has_our_id(rule)

    def normalize(self, rule: Rule) -> Rule:
        """Return it with its filter in one form: servers answer in the older one, and take `And` apart."""
        every, tags = _read_conditions(rule)
        every["Prefix"] = every.get("Prefix") or rule.get("Prefix") or ""
        if tags:
            every["Tags"] = sorted(f"{tag['Key']}={tag['Value']}" for tag in tags)
        rest = {key: value for key, value in rule.items() if key not in {"Prefix", "Filter"}}
        return {**rest, "Filter": every}

    def refuse_too_much(self, configuration: Configuration) -> None:
        if len(configuration.rules) > MAX_LIFECYCLE_RULES:
            raise ApplyRefused(
                f"It would have {len(configuration.rules)} lifecycle rules; buckets take {MAX_LIFECYCLE_RULES}. "
                "Without a LOCATION_PREFIX each tenant needs one. Where nobody else uploads into the bucket, let "
                "one rule of your own remove incomplete multipart uploads of all of it."
            )


def _build_prefix_rule_id(prefix: str) -> str:
    """Return the id of a prefix's rule. Buckets take 255 characters, so LOCATION_PREFIX stands in it once."""
    room = prefix.removeprefix(settings.LOCATION_PREFIX)
    return build_rule_id(f"abandoned-uploads:{room}" if room else "abandoned-uploads")


def _read_conditions(rule: Rule) -> tuple[Rule, list[Rule]]:
    """Return what a filter asks for, and the tags among it, wherever in the filter they stand."""
    given = rule.get("Filter") or {}
    every = {**given, **given.get("And", {})}
    every.pop("And", None)
    tags = [*every.pop("Tags", []), *([every.pop("Tag")] if "Tag" in every else [])]
    return every, tags


def _build_filter(rule: Rule) -> Rule:
    """Return a filter of several conditions as S3 has it, all of them in `And`; nothing for any other.

    Ceph RGW 16 answers with the prefix beside `And`. Written back like that it would overlook the prefix, and the rule
    would be about the whole bucket.
    """
    every, tags = _read_conditions(rule)
    if len(every) + len(tags) < 2:  # noqa: PLR2004 - several
        return {}
    return {"Filter": {"And": {**every, **({"Tags": tags} if tags else {})}}}
