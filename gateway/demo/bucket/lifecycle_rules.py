"""Lifecycle rules in the shape Ceph RGW gives back, which is not the one it was given.

A rule for a prefix and several tags comes back with the prefix beside the `And`. RGW takes that form
too and forgets the prefix, so the rule means more objects than before. AWS refuses it; so does this
store, and code that writes back what it has read is found out.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import replace

from gateway.demo.bucket.request import Handler, S3Request
from gateway.demo.bucket.responses import Response

RULE = re.compile(rb"<Rule>.*?</Rule>", re.DOTALL)
FILTER = re.compile(rb"<Filter>(.*?)</Filter>|<Filter ?/>", re.DOTALL)
AND = re.compile(rb"<And>(.*?)</And>", re.DOTALL)
PREFIX = re.compile(rb"<Prefix>[^<]*</Prefix>|<Prefix ?/>")
TAG = re.compile(rb"<Tag>.*?</Tag>", re.DOTALL)
RULE_ID = re.compile(rb"<ID>([^<]*)</ID>")
EVERYTHING = frozenset({b"", b"<Prefix></Prefix>", b"<Prefix/>", b"<Prefix />"})


def rewrite_lifecycle_rules(request: S3Request, answer: Handler) -> Response:
    """Pass on rules as moto reads them, and return them as RGW writes them."""
    if request.operation == "PutBucketLifecycle":
        return answer(replace(request, content=_normalize_rules(request.content)))
    response = answer(request)
    if request.operation != "GetBucketLifecycle":
        return response
    return replace(response, body=FILTER.sub(_make_filter_replacer(_format_filter), response.body))


def _normalize_rules(content: bytes) -> bytes:
    """Return the rules with a name each, in the order of their names."""
    found: list[bytes] = RULE.findall(content)
    rules = [_add_rule_id(FILTER.sub(_make_filter_replacer(_wrap_filter), rule)) for rule in found]
    if not rules:
        return content
    rules.sort(key=_find_rule_id)
    before, _, _ = content.partition(b"<Rule>")
    return before + b"".join(rules) + b"</LifecycleConfiguration>"


def _add_rule_id(rule: bytes) -> bytes:
    if RULE_ID.search(rule):
        return rule
    return rule.replace(b"<Rule>", f"<Rule><ID>{secrets.token_hex(24)}</ID>".encode(), 1)


def _find_rule_id(rule: bytes) -> bytes:
    found = RULE_ID.search(rule)
    return found[1] if found else b""


def _make_filter_replacer(change: Callable[[bytes], bytes]) -> Callable[[re.Match[bytes]], bytes]:
    return lambda found: change((found[1] or b"").strip())


def _wrap_filter(wanted: bytes) -> bytes:
    """Return a filter by prefix and one tag, which RGW takes without an `And`, with it."""
    beside = AND.sub(b"", wanted)
    both = PREFIX.search(beside) and TAG.search(beside)
    return b"<Filter><And>%b</And></Filter>" % wanted if both else b"<Filter>%b</Filter>" % wanted


def _format_filter(kept: bytes) -> bytes:
    if kept in EVERYTHING:
        return b"<Prefix></Prefix>"
    found = AND.search(kept)
    if not found:
        return b"<Filter>%b</Filter>" % kept
    prefix, tags = PREFIX.search(found[1]), TAG.findall(found[1])
    beside = b"".join(tags) if len(tags) == 1 else b"<And>%b</And>" % b"".join(tags)
    return b"<Filter>%b%b</Filter>" % (prefix[0] if prefix else b"", beside)
