"""CORS: from which sites a browser may speak to the bucket. Active domains of tenants that are served."""

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
from tenants.models import Domain, Tenant

# What AWS and Ceph RGW take.
MAX_CORS_RULES = 100
# A rule takes thousands; in smaller ones a server finds a host sooner, and a diff is read more easily.
ORIGINS_PER_RULE = 500
# How long a browser need not ask again.
MAX_AGE_SECONDS = 3600
ALLOWED_METHODS = ["GET", "HEAD", "POST", "PUT"]
# What uploads and partial reads send. No x-amz-*: nothing of the kind comes from a browser.
ALLOWED_HEADERS = ["Content-MD5", "Content-Type", "If-None-Match", "Range"]
EXPOSED_HEADERS = ["ETag"]
SCHEMES = ("https://{}",)
# On somebody's own machine: any port, which no setting knows.
SCHEMES_WITHOUT_HTTPS = ("https://{}", "http://{}", "http://{}:*")


def list_origins() -> list[str]:
    """Return the origins of every active domain of every tenant that is served, sorted. One query."""
    rows = Domain.objects.active().filter(tenant__status=Tenant.Status.ACTIVE)
    schemes = SCHEMES if settings.HTTPS_ONLY else SCHEMES_WITHOUT_HTTPS
    hosts = rows.order_by("domain").values_list("domain", flat=True)
    return [scheme.format(host) for host in hosts for scheme in schemes]


class Cors(ConfigurationSection):
    name = "CORS"
    instead = (
        "Set it up by hand at the provider, or browsers cannot upload straight into the bucket."
    )

    def __init__(self, tenants_origins: Sequence[str]) -> None:
        self.origins = tenants_origins

    def read(self) -> Configuration:
        answer = fetch_configuration(
            get_bucket_client().get_bucket_cors, none="NoSuchCORSConfiguration"
        )
        return parse_configuration(answer, rules="CORSRules")

    def write(self, configuration: Configuration) -> None:
        client: Any = get_bucket_client()
        rules = list(configuration.rules)
        with translate_errors():
            if rules:
                client.put_bucket_cors(
                    Bucket=settings.BUCKET_NAME, CORSConfiguration={"CORSRules": rules}
                )
            else:
                client.delete_bucket_cors(Bucket=settings.BUCKET_NAME)

    def wanted(self, others: Sequence[Rule]) -> Sequence[Rule]:
        starts = range(0, len(self.origins), ORIGINS_PER_RULE)
        return [
            {
                "ID": build_rule_id(f"cors-{number}"),
                "AllowedOrigins": list(self.origins[start : start + ORIGINS_PER_RULE]),
                "AllowedMethods": ALLOWED_METHODS,
                "AllowedHeaders": ALLOWED_HEADERS,
                "ExposeHeaders": EXPOSED_HEADERS,
                "MaxAgeSeconds": MAX_AGE_SECONDS,
            }
            for number, start in enumerate(starts, start=1)
        ]

    def is_ours(self, rule: Rule) -> bool:
        """Return whether it has our id, or on a server that keeps no ids our form and an origin of ours."""
        if rule.get("ID"):
            return has_our_id(rule)
        ours = self.normalize(
            {"AllowedMethods": ALLOWED_METHODS, "AllowedHeaders": ALLOWED_HEADERS}
        )
        same = all(
            self.normalize(rule)[key] == ours[key] for key in ("AllowedMethods", "AllowedHeaders")
        )
        return same and not set(self.origins).isdisjoint(rule["AllowedOrigins"])

    def normalize(self, rule: Rule) -> Rule:
        """Return it with lists in order: of one rule all origins, methods and headers are asked alike."""
        lists = ("AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposeHeaders")
        return {**rule, **{name: sorted(rule.get(name, [])) for name in lists}}

    def refuse_too_much(self, configuration: Configuration) -> None:
        if len(configuration.rules) > MAX_CORS_RULES:
            raise ApplyRefused(
                f"It would have {len(configuration.rules)} CORS rules; buckets take {MAX_CORS_RULES}. "
                "Remove rules of others, or domains that nobody uses any more."
            )
