"""One part of the bucket's configuration: what it is, what it is to be, and what others have in it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings

from media_core.bucket.bucket_errors import get_error_code, translate_errors
from media_core.bucket.desired.rules import (
    Rule,
    find_missing,
    format_rule,
    get_rule_name,
    has_unread_elements,
)
from media_core.bucket.hooks import RAW_BODY
from media_core.errors import ApplyRefused


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the bucket has, or shall have."""

    rules: Sequence[Rule] = ()
    # What stands around the rules, and is written back as it was.
    around: dict[str, Any] = field(default_factory=dict)
    # Whether all of it was understood. What was not would be lost by writing it back.
    understood: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What is to change in one part, or was changed."""

    part: str
    # Ours, as the bucket has them and as they are to be. Comparable, and in words for people.
    now: Sequence[Rule] = ()
    wanted: Sequence[Rule] = ()
    # How many rules of others stay.
    foreign: int = 0
    # Why it cannot be done here, and what to do instead; empty when it can.
    trouble: str = ""
    # Others' rules that were there before a write and not after it, in words.
    lost: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self._old_rules or self._new_rules)

    @property
    def _old_rules(self) -> dict[str, Rule]:
        return _index_by_name(find_missing(self.now, self.wanted))

    @property
    def _new_rules(self) -> dict[str, Rule]:
        return _index_by_name(find_missing(self.wanted, self.now))

    @property
    def added(self) -> int:
        return len(self._new_rules.keys() - self._old_rules.keys())

    @property
    def replaced(self) -> int:
        return len(self._new_rules.keys() & self._old_rules.keys())

    @property
    def removed(self) -> int:
        return len(self._old_rules.keys() - self._new_rules.keys())

    def lines(self) -> list[str]:
        """Return what goes (-) and comes (+), rule by rule; of a replaced one what changes in it."""
        lines = []
        for name in sorted(self._old_rules.keys() | self._new_rules.keys()):
            before = format_rule(self._old_rules.get(name, {}))
            after = format_rule(self._new_rules.get(name, {}))
            lines.append(f"{'~' if before and after else '-' if before else '+'} {name}")
            lines += [f"-   {line}" for line in before if line not in after]
            lines += [f"+   {line}" for line in after if line not in before]
        return lines


def _index_by_name(rules: Sequence[Rule]) -> dict[str, Rule]:
    return {
        get_rule_name(rule) or f"(unnamed, {number})": rule for number, rule in enumerate(rules, 1)
    }


class ConfigurationSection(ABC):
    """CORS, lifecycle or policy."""

    name: str
    # What to do where the bucket cannot have it.
    instead: str

    @abstractmethod
    def read(self) -> Configuration:
        """Return what the bucket has; nothing, where it has none. One request."""

    @abstractmethod
    def write(self, configuration: Configuration) -> None:
        """Give the bucket this in the place of all it has; no rules, no configuration. One request."""

    @abstractmethod
    def wanted(self, others: Sequence[Rule]) -> Sequence[Rule]:
        """Return our rules as they are written beside others'."""

    @abstractmethod
    def is_ours(self, rule: Rule) -> bool:
        """Return whether a rule was written by this deployment."""

    @abstractmethod
    def normalize(self, rule: Rule) -> Rule:
        """Return the rule in the one form that all have that mean the same."""

    @abstractmethod
    def refuse_too_much(self, configuration: Configuration) -> None:
        """Raise ApplyRefused when buckets do not take so much."""

    def others(self, found: Configuration) -> list[Rule]:
        return [rule for rule in found.rules if not self.is_ours(rule)]

    def difference(self, found: Configuration) -> Difference:
        """Return what is to change in what was found. No request."""
        others = self.others(found)
        ours = [rule for rule in found.rules if self.is_ours(rule)]
        return Difference(
            part=self.name,
            now=[self.normalize(rule) for rule in ours],
            wanted=[self.normalize(rule) for rule in self.wanted(others)],
            foreign=len(others),
        )

    def merge(self, found: Configuration) -> Configuration:
        """Return what is to be written: others' rules in their order, then ours. Raises ApplyRefused."""
        if not found.understood:
            raise ApplyRefused(
                f"The {self.name} of the bucket has settings of others that this version does not know, and "
                f"writing it would lose them. {self.instead}"
            )
        others = self.others(found)
        merged = Configuration([*others, *self.wanted(others)], found.around)
        self.refuse_too_much(merged)
        return merged

    def lost(self, before: Configuration, after: Configuration) -> list[Rule]:
        """Return others' rules that were there before, and are not any more."""
        return find_missing(
            map(self.normalize, self.others(before)), map(self.normalize, after.rules)
        )

    def has_changed(self, one: Configuration, other: Configuration) -> bool:
        """Return whether somebody changed anything between two readings, the order included."""
        first, second = (
            [(get_rule_name(rule), self.normalize(rule)) for rule in each.rules]
            for each in (one, other)
        )
        return first != second or one.around != other.around


def fetch_configuration(call: Callable[..., Any], *, none: str) -> dict[str, Any]:
    """Return the bucket's answer; an empty one where it says that it has `none`."""
    try:
        with translate_errors():
            return dict(call(Bucket=settings.BUCKET_NAME))
    except ClientError as error:
        if get_error_code(error) == none:
            return {}
        raise


def parse_configuration(
    answer: dict[str, Any], *, rules: str, around: Sequence[str] = ()
) -> Configuration:
    """Return an answer in XML as a configuration; what it has around the rules only where it has it."""
    found = answer.get(rules, [])
    kept = {name: answer[name] for name in around if name in answer}
    return Configuration(found, kept, not (found and has_unread_elements(answer[RAW_BODY], found)))
