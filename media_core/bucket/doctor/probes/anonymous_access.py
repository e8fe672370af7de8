"""What a stranger gets, who knows the bucket's address and every key in it."""

from media_core.bucket.anonymous_http import build_bucket_url
from media_core.bucket.capabilities import Capability
from media_core.bucket.doctor.bench import Bench
from media_core.bucket.doctor.probe import Observation, Probe, report_failure, report_ok

CLOSE_REMEDY = (
    "Make the bucket private, and take every policy or ACL away that opens it. Until then nothing more is stored. "
    "Then run this again."
)
PRIVATE_NAMES = ("private/canary", "private/incoming/canary")
# What a wildcard such as */media/* crosses slashes to reach.
WILDCARD_NAMES = ("private/media/canary", "x/private/media/canary")


def probe_private_read(bench: Bench) -> Observation:
    return _probe_names(bench, PRIVATE_NAMES, "A stranger gets nothing under private/: {}.")


def probe_private_wildcard(bench: Bench) -> Observation:
    return _probe_names(
        bench, WILDCARD_NAMES, "A stranger gets nothing under private/media/ either: {}."
    )


def _probe_names(bench: Bench, names: tuple[str, ...], good: str) -> Observation:
    """Bytes decide, and so does any answer that is no refusal: a length alone tells something."""
    statuses = []
    for name in names:
        key = bench.put(name)
        for method in ("GET", "HEAD"):
            answer = bench.ask_anonymously(key, method)
            if bench.secret in answer.body or not answer.is_refusal:
                return report_failure(
                    f"A stranger's {method} of {key} was answered with {answer.status}.",
                    CLOSE_REMEDY,
                )
            statuses.append(answer.status)
    return report_ok(good.format(", ".join(map(str, sorted(set(statuses))))))


def probe_private_acl(bench: Bench) -> Observation:
    """Who may read an ACL learns who owns the object; who may write it, opens it."""
    key = bench.put("private/acl")
    # Of a bucket that is open anyway, other probes say so.
    was_open = bench.secret in bench.ask_anonymously(key).body
    for query in ("acl", "tagging"):
        answer = bench.ask_anonymously(key, query=query)
        if not answer.is_refusal:
            return report_failure(
                f"A stranger's GET of ?{query} was answered with {answer.status}.", CLOSE_REMEDY
            )
    answer = bench.ask("PUT", build_bucket_url(key, "acl"), headers={"x-amz-acl": "public-read"})
    opened = bench.secret in bench.ask_anonymously(key).body and not was_open
    if opened or not answer.is_refusal:
        return report_failure(
            f"A stranger's PUT of ?acl was answered with {answer.status}.", CLOSE_REMEDY
        )
    return report_ok("Neither its ACL nor its tags are shown or changed.")


def probe_anonymous_write(bench: Bench) -> Observation:
    key = bench.put("private/written")
    for method in ("PUT", "DELETE"):
        answer = bench.ask_anonymously(key, method)
        if not answer.is_refusal:
            return report_failure(
                f"A stranger's {method} was answered with {answer.status}.", CLOSE_REMEDY
            )
    if bench.read(key) != bench.secret:
        return report_failure(
            "A stranger's PUT or DELETE was refused and carried out.", CLOSE_REMEDY
        )
    return report_ok("A stranger's PUT and DELETE are refused.")


def probe_anonymous_list(bench: Bench) -> Observation:
    """Keys hold names of files, and of clients."""
    bench.put("private/listed")
    prefix = bench.key("x")[:-1]
    for query in ("", f"list-type=2&prefix={prefix}", "versions", "uploads"):
        answer = bench.ask_anonymously("", query=query)
        if not answer.is_refusal:
            what = "the bucket" if not query else f"?{query.partition('=')[0]}"
            return report_failure(
                f"A stranger's list of {what} was answered with {answer.status}.", CLOSE_REMEDY
            )
    return report_ok("A stranger gets no list, neither of the bucket nor of a prefix.")


PROBES = (
    Probe(
        id="private-read",
        title="Private is private",
        why="Whoever learns a key would read the object without asking the gateway.",
        run=probe_private_read,
        remedy=CLOSE_REMEDY,
        checklist="1. private bucket",
        proves=(Capability.PRIVATE,),
    ),
    Probe(
        id="private-wildcard",
        title="No wildcard opens private/media/",
        why="In a policy * crosses slashes: */media/* publishes acme/private/media/secret.pdf as well.",
        run=probe_private_wildcard,
        remedy=CLOSE_REMEDY,
        proves=(Capability.PRIVATE,),
    ),
    Probe(
        id="anonymous-list",
        title="Strangers list nothing",
        why="A list of keys names every client and every file.",
        run=probe_anonymous_list,
        remedy=CLOSE_REMEDY,
        proves=(Capability.PRIVATE,),
    ),
    Probe(
        id="anonymous-acl",
        title="Strangers neither read nor change ACLs",
        why="An ACL that a stranger may write is a door that a stranger may open.",
        run=probe_private_acl,
        remedy=CLOSE_REMEDY,
        proves=(Capability.PRIVATE,),
    ),
    Probe(
        id="anonymous-write",
        title="Strangers write nothing",
        why="A bucket that takes anybody's objects serves anybody's, under your clients' names.",
        run=probe_anonymous_write,
        remedy=CLOSE_REMEDY,
        proves=(Capability.PRIVATE,),
    ),
)
