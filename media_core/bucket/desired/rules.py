"""Rules of a bucket's configuration: whose they are, whether two mean the same, how a person reads them."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeAlias
from xml.etree import ElementTree as ET

from django.conf import settings

Rule: TypeAlias = dict[str, Any]
# The name of a rule: of CORS and lifecycle, and of a policy's statement.
NAME_FIELDS = ("ID", "Sid")


def build_rule_id(name: str) -> str:
    """Return the id of a rule of ours; other deployments on the bucket have another LOCATION_PREFIX, so other ids."""
    return f"gateway:{settings.LOCATION_PREFIX}:{name}"


def has_our_id(rule: Rule) -> bool:
    return str(rule.get("ID", "")).startswith(build_rule_id(""))


def get_rule_name(rule: Rule) -> str:
    """Return what the rule is called; empty where it has no name."""
    return next((str(rule[name]) for name in NAME_FIELDS if rule.get(name)), "")


def serialize_rule(rule: Rule) -> str:
    """Return the same text for two rules that mean the same, names aside: servers make up names."""
    nameless = {key: value for key, value in rule.items() if key not in NAME_FIELDS}
    return json.dumps(nameless, sort_keys=True, default=_serialize_value)


def _serialize_value(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def find_missing(rules: Iterable[Rule], of: Iterable[Rule]) -> list[Rule]:
    """Return those of the rules whose meaning is not among the others, each as often as it is not."""
    there = Counter(map(serialize_rule, of))
    gone = []
    for rule in rules:
        text = serialize_rule(rule)
        if there[text]:
            there[text] -= 1
        else:
            gone.append(rule)
    return gone


def format_rule(rule: Rule) -> list[str]:
    """Return the rule as lines, each of which may come or go by itself: one for each origin."""
    lines = []
    for key, value in sorted(rule.items()):
        for each in value if isinstance(value, list) else [value]:
            shown = each if isinstance(each, str) else json.dumps(each, default=_serialize_value)
            lines.append(f"{key}: {shown}")
    return [line for line in lines if not line.startswith(NAME_FIELDS)]


def has_unread_elements(document: bytes, read: object) -> bool:
    """Return whether an answer in XML says more than was read of it: elements that boto does not know, or knows once.

    >>> has_unread_elements(b"<C><Rule><ID>a</ID><New>1</New></Rule></C>", [{"ID": "a"}])
    True
    """
    # boto has parsed the same bytes the same way.
    root = ET.fromstring(document)  # noqa: S314
    return sum(1 for element in root.iter() if not len(element)) != _count_leaves(read)


def _count_leaves(read: object) -> int:
    if isinstance(read, dict):
        return sum(map(_count_leaves, read.values())) or 1
    return sum(map(_count_leaves, read)) if isinstance(read, list) else 1
