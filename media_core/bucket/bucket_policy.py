"""The bucket policy of PUBLIC_MEDIA_MODE=policy: one statement for each tenant, naming its public area and no other."""

import json
from typing import Any

from django.conf import settings

from tenants.models import Tenant
from tenants.prefixes import PUBLIC_AREA

POLICY_VERSION = "2012-10-17"
# What AWS and Ceph RGW take.
MAX_POLICY_BYTES = 20_480
# Every statement of ours begins like this, so that others' are told apart.
SID_PREFIX = "GatewayPublic"


def build_public_statement(tenant: Tenant) -> dict[str, Any]:
    """Return the statement that lets everybody read, and never list, this tenant's public objects.

    It names the tenant's prefix. A wildcard over tenants would cross slashes: `*/media/*` holds `x/private/media/y`.
    """
    return {
        "Sid": f"{SID_PREFIX}{tenant.id.hex}",
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{settings.BUCKET_NAME}/{tenant.prefix}{PUBLIC_AREA}/*"],
    }


def parse_policy(text: str) -> dict[str, Any]:
    """Return a bucket's policy as it is, its statements as a list; raise ValueError where it is none."""
    document = json.loads(text)
    statements = document.get("Statement", []) if isinstance(document, dict) else None
    listed = [statements] if isinstance(statements, dict) else statements
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise ValueError("It has no statements.")
    return {**document, "Statement": listed}


def build_public_policy() -> dict[str, Any]:
    """Return the policy of all tenants, oldest first, suspended ones too. One query."""
    statements = [
        build_public_statement(tenant) for tenant in Tenant.objects.order_by("created_at", "id")
    ]
    return {"Version": POLICY_VERSION, "Statement": statements}
