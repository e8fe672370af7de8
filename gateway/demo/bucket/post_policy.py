"""The policy of a browser upload: signed by us, spelled out by the client, held against the form.

Follows "Creating a POST Policy" of the S3 API reference. Each form field needs a condition;
refusals are 403 as in Ceph RGW, except for the size.
"""

import base64
import hmac
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from gateway.demo.bucket import sigv2
from gateway.demo.bucket.credentials import Credentials
from gateway.demo.bucket.request import S3Request
from gateway.demo.bucket.responses import Refused
from gateway.demo.bucket.sigv4 import ALGORITHM, Scope, parse_amz_date

POLICY_ERROR = "Invalid according to Policy"
NEED_NO_CONDITION = frozenset({"awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"})
# What a fault of the store lets pass unchecked.
UNCHECKED_FIELDS = {
    "post-key-unchecked": "key",
    "post-size-unchecked": "content-length-range",
    "post-type-unchecked": "content-type",
}


def check_form(
    request: S3Request, fields: dict[str, str], *, size_bytes: int, credentials: Credentials
) -> None:
    """Refuse a form whose policy is not ours, is over, or does not allow exactly this.

    `fields` has names in lower case and always a `bucket`, so a policy for another bucket fails
    (CVE-2023-43040).
    """
    _verify(fields, credentials)
    policy = _decode_policy(fields["policy"])
    if "post-unchecked" in request.faults:
        return
    if (
        _parse_expiration(policy) < request.received_at
        and "post-expiry-unchecked" not in request.faults
    ):
        raise Refused("AccessDenied", f"{POLICY_ERROR}: Policy expired.")
    freed = {UNCHECKED_FIELDS[fault] for fault in request.faults if fault in UNCHECKED_FIELDS}
    covered = NEED_NO_CONDITION | freed
    for condition in _expand_conditions(policy["conditions"]):
        if _find_condition_subject(condition) not in freed:
            covered |= set(_check_condition(condition, fields, size_bytes))
    extra = [name for name in fields if name not in covered and not name.startswith("x-ignore-")]
    if extra:
        raise Refused("AccessDenied", f"{POLICY_ERROR}: Extra input fields: {', '.join(extra)}")


def _verify(fields: dict[str, str], credentials: Credentials) -> None:
    if not fields.get("policy", "").isascii() or "policy" not in fields:
        raise Refused("AccessDenied")
    version = _sign_v4 if "x-amz-signature" in fields else _sign_v2
    expected = version(fields, credentials)
    given = fields.get("x-amz-signature") or fields.get("signature", "")
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise Refused("AccessDenied", "The signature of the policy does not match.")


def _sign_v4(fields: dict[str, str], credentials: Credentials) -> str:
    if fields.get("x-amz-algorithm") != ALGORITHM:
        raise Refused("AccessDenied", f"The algorithm is not {ALGORITHM}.")
    scope = Scope.read(fields.get("x-amz-credential", ""))
    scope.check(credentials, parse_amz_date(fields.get("x-amz-date", "")))
    return scope.sign(credentials, fields["policy"])


def _sign_v2(fields: dict[str, str], credentials: Credentials) -> str:
    access_key = fields.get("awsaccesskeyid", "")
    if not hmac.compare_digest(access_key.encode(), credentials.access_key.encode()):
        raise Refused("InvalidAccessKeyId")
    return sigv2.sign(credentials, fields["policy"])


def _decode_policy(policy: str) -> dict[str, Any]:
    try:
        document = json.loads(base64.b64decode(policy, validate=True))
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("conditions"), list):
        raise Refused("InvalidArgument")
    return document


def _parse_expiration(policy: dict[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(str(policy.get("expiration")))
    except ValueError:
        raise Refused("InvalidArgument", "The policy has no valid expiration.") from None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _expand_conditions(conditions: Iterable[object]) -> Iterator[object]:
    """Return the conditions, those of the form `{"key": "a"}` as `["eq", "$key", "a"]`."""
    for condition in conditions:
        if isinstance(condition, dict):
            yield from (["eq", f"${name}", str(value)] for name, value in condition.items())
        else:
            yield condition


def _find_condition_subject(condition: object) -> str:
    match condition:
        case [_, str(field), _] if field.startswith("$"):
            return field[1:].lower()
        case [str(kind), *_]:
            return kind
    return ""


def _check_condition(condition: object, fields: dict[str, str], size_bytes: int) -> Iterator[str]:
    """Return the fields a condition covers, or refuse the form it does not allow."""
    match condition:
        case ["content-length-range", int(least), int(most)]:
            _check_size(size_bytes, least, most)
        case [str(kind), str(field), str(value)] if field.startswith("$"):
            yield _check_field(kind.lower(), field[1:].lower(), value, fields)
        case _:
            raise Refused("InvalidArgument", "The policy has a condition that is not known here.")


def _check_size(size_bytes: int, least: int, most: int) -> None:
    if size_bytes > most:
        raise Refused("EntityTooLarge")
    if size_bytes < least:
        raise Refused("EntityTooSmall")


def _check_field(kind: str, name: str, value: str, fields: dict[str, str]) -> str:
    given = fields.get(name)
    holds = (kind == "eq" and given == value) or (
        kind == "starts-with" and given is not None and given.startswith(value)
    )
    if not holds:
        raise Refused("AccessDenied", f"{POLICY_ERROR}: Policy Condition failed: {kind}, ${name}")
    return name
