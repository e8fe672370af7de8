"""Whether the bucket is set up as `manage.py bucket apply` would set it up, and whether that works."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings

from media_core.storages.bucket.desired.applying import differences
from media_core.storages.bucket.desired.cors import origins
from media_core.storages.bucket.desired.part import Difference
from media_core.storages.bucket.doctor.bench import Bench
from media_core.storages.bucket.doctor.probe import (
    Probe,
    Seen,
    fine,
    remarkable,
    untried,
    wrong,
)
from media_core.storages.bucket.findings import Outcome
from media_core.storages.bucket.strangers import Answer

APPLY = "Look at manage.py bucket apply --dry-run, then run it."
STRANGE_ORIGIN = "https://stranger.invalid"
# So many sites are asked for; the rest is compared.
ASKED_ORIGINS = 50


def as_applied(bench: Bench, *, part: str, good: str) -> Seen:
    """Compare one part with what it is to be. The first call reads all parts: three requests."""
    found = difference(bench, part)
    if found.trouble:
        return remarkable(found.trouble)
    if found:
        return remarkable(
            f"{found.added} of our rules missing, {found.replaced} different, {found.removed} too many; "
            f"{found.foreign} of others.",
            APPLY,
        )
    return fine(f"{good}; {found.foreign} rule(s) of others.")


def difference(bench: Bench, part: str) -> Difference:
    bench.differences = bench.differences or {each.part: each for each in differences()}
    return bench.differences[part]


def policy(bench: Bench) -> Seen:
    """In mode policy a client without a statement has published documents that nobody reads."""
    seen = as_applied(bench, part="policy", good="Each client's public area has its statement")
    if settings.PUBLIC_MEDIA_MODE != "policy":
        ours = difference(bench, "policy").removed
        kept = f"PUBLIC_MEDIA_MODE={settings.PUBLIC_MEDIA_MODE} needs no policy"
        return (
            remarkable(f"{kept}, and {ours} statement(s) of ours are there.", APPLY)
            if ours
            else fine(f"{kept}.")
        )
    return seen if seen.outcome == Outcome.OK else wrong(seen.seen, seen.remedy or APPLY)


def cors(bench: Bench) -> Seen:
    """Ask as browsers on each client's pages do before they upload; and as a page of a stranger."""
    seen = as_applied(bench, part="CORS", good="Each client's pages may upload")
    if seen.outcome != Outcome.OK:
        return seen
    sites = [site for site in origins() if "*" not in site]
    step = max(1, len(sites) // ASKED_ORIGINS)
    refused = [site for site in sites[::step] if not is_let_in(preflight(bench, site), site)]
    if refused:
        return remarkable(
            f"Pages of {', '.join(refused[:3])} may not upload, though a rule names them.", APPLY
        )
    if is_let_in(preflight(bench, STRANGE_ORIGIN), STRANGE_ORIGIN):
        return remarkable(
            f"{seen.seen} Pages of anybody may, too.", "See which rule of others has the origin *."
        )
    return fine(f"{seen.seen} {len(sites[::step])} of {len(sites)} origins were asked for.")


def preflight(bench: Bench, origin: str) -> Answer:
    address = urlsplit(bench.link("get_object", bench.key("private/incoming/x")))
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return bench.ask(
        "OPTIONS", f"{address.scheme}://{address.netloc}{address.path}", headers=headers
    )


def is_let_in(answer: Answer, origin: str) -> bool:
    return answer.headers.get("access-control-allow-origin") in {origin, "*"}


def _probe(name: str, title: str, why: str, run: Callable[[Bench], Seen]) -> Probe:
    return Probe(id=name, title=title, why=why, run=run, at_worst=untried)


PROBES = (
    _probe(
        "lifecycle",
        "Unfinished uploads end",
        "Parts of an upload that was given up are in no list, and are billed for ever.",
        partial(as_applied, part="lifecycle", good="They are removed after a day"),
    ),
    _probe(
        "cors",
        "Clients' pages may upload",
        "A browser asks the bucket whether a page of this site may send to it.",
        cors,
    ),
    _probe(
        "policy",
        "The policy publishes what it should",
        "In mode policy each client's public area needs a statement; in the others a statement is one too many.",
        policy,
    ),
)
