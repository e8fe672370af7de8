"""Whether the bucket is set up as `manage.py bucket apply` would set it up, and whether that works."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings

from media_core.bucket.anonymous_http import BucketResponse
from media_core.bucket.desired.apply import list_differences
from media_core.bucket.desired.cors import list_origins
from media_core.bucket.desired.section import Difference
from media_core.bucket.doctor.bench import Bench
from media_core.bucket.doctor.probe import (
    Observation,
    Probe,
    report_failure,
    report_ok,
    report_untried,
    report_warning,
)
from media_core.bucket.findings import Outcome

APPLY_REMEDY = "Look at manage.py bucket apply --dry-run, then run it."
FOREIGN_ORIGIN = "https://stranger.invalid"
# So many sites are asked for; the rest is compared.
MAX_PREFLIGHTS = 50


def probe_section(bench: Bench, *, part: str, good: str) -> Observation:
    """Compare one part with what it is to be. The first call reads all parts: three requests."""
    found = find_difference(bench, part)
    if found.trouble:
        return report_warning(found.trouble)
    if found:
        return report_warning(
            f"{found.added} of our rules missing, {found.replaced} different, {found.removed} too many; "
            f"{found.foreign} of others.",
            APPLY_REMEDY,
        )
    return report_ok(f"{good}; {found.foreign} rule(s) of others.")


def find_difference(bench: Bench, part: str) -> Difference:
    bench.differences = bench.differences or {each.part: each for each in list_differences()}
    return bench.differences[part]


def probe_policy(bench: Bench) -> Observation:
    """In mode policy a client without a statement has published documents that nobody reads."""
    seen = probe_section(bench, part="policy", good="Each client's public area has its statement")
    if settings.PUBLIC_MEDIA_MODE != "policy":
        ours = find_difference(bench, "policy").removed
        kept = f"PUBLIC_MEDIA_MODE={settings.PUBLIC_MEDIA_MODE} needs no policy"
        return (
            report_warning(f"{kept}, and {ours} statement(s) of ours are there.", APPLY_REMEDY)
            if ours
            else report_ok(f"{kept}.")
        )
    return (
        seen
        if seen.outcome == Outcome.OK
        else report_failure(seen.seen, seen.remedy or APPLY_REMEDY)
    )


def probe_cors(bench: Bench) -> Observation:
    """Ask as browsers on each client's pages do before they upload; and as a page of a stranger."""
    seen = probe_section(bench, part="CORS", good="Each client's pages may upload")
    if seen.outcome != Outcome.OK:
        return seen
    sites = [site for site in list_origins() if "*" not in site]
    step = max(1, len(sites) // MAX_PREFLIGHTS)
    refused = [site for site in sites[::step] if not is_allowed(send_preflight(bench, site), site)]
    if refused:
        return report_warning(
            f"Pages of {', '.join(refused[:3])} may not upload, though a rule names them.",
            APPLY_REMEDY,
        )
    if is_allowed(send_preflight(bench, FOREIGN_ORIGIN), FOREIGN_ORIGIN):
        return report_warning(
            f"{seen.seen} Pages of anybody may, too.", "See which rule of others has the origin *."
        )
    return report_ok(f"{seen.seen} {len(sites[::step])} of {len(sites)} origins were asked for.")


def send_preflight(bench: Bench, origin: str) -> BucketResponse:
    address = urlsplit(bench.link("get_object", bench.key("private/incoming/x")))
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return bench.ask(
        "OPTIONS", f"{address.scheme}://{address.netloc}{address.path}", headers=headers
    )


def is_allowed(answer: BucketResponse, origin: str) -> bool:
    return answer.headers.get("access-control-allow-origin") in {origin, "*"}


def _make_probe(name: str, title: str, why: str, run: Callable[[Bench], Observation]) -> Probe:
    return Probe(id=name, title=title, why=why, run=run, at_worst=report_untried)


PROBES = (
    _make_probe(
        "lifecycle",
        "Unfinished uploads end",
        "Parts of an upload that was given up are in no list, and are billed for ever.",
        partial(probe_section, part="lifecycle", good="They are removed after a day"),
    ),
    _make_probe(
        "cors",
        "Clients' pages may upload",
        "A browser asks the bucket whether a page of this site may send to it.",
        probe_cors,
    ),
    _make_probe(
        "policy",
        "The policy publishes what it should",
        "In mode policy each client's public area needs a statement; in the others a statement is one too many.",
        probe_policy,
    ),
)
