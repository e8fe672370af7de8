"""What a stranger gets, who knows the bucket's address and every key in it."""

from media_core.storages.bucket.capabilities import Capability
from media_core.storages.bucket.doctor.bench import Bench
from media_core.storages.bucket.doctor.probe import Probe, Seen, fine, wrong
from media_core.storages.bucket.strangers import bucket_url

CLOSE = (
    "Make the bucket private, and take every policy or ACL away that opens it. Until then nothing more is stored. "
    "Then run this again."
)
PLACES = ("private/canary", "private/incoming/canary")
# What a wildcard such as */media/* crosses slashes to reach.
BELOW_A_WILDCARD = ("private/media/canary", "x/private/media/canary")


def private_read(bench: Bench) -> Seen:
    return _closed(bench, PLACES, "A stranger gets nothing under private/: {}.")


def private_wildcard(bench: Bench) -> Seen:
    return _closed(
        bench, BELOW_A_WILDCARD, "A stranger gets nothing under private/media/ either: {}."
    )


def _closed(bench: Bench, names: tuple[str, ...], good: str) -> Seen:
    """Bytes decide, and so does any answer that is no refusal: a length alone tells something."""
    statuses = []
    for name in names:
        key = bench.put(name)
        for method in ("GET", "HEAD"):
            answer = bench.as_stranger(key, method)
            if bench.secret in answer.body or not answer.is_refusal:
                return wrong(
                    f"A stranger's {method} of {key} was answered with {answer.status}.", CLOSE
                )
            statuses.append(answer.status)
    return fine(good.format(", ".join(map(str, sorted(set(statuses))))))


def acl_of_private(bench: Bench) -> Seen:
    """Who may read an ACL learns who owns the object; who may write it, opens it."""
    key = bench.put("private/acl")
    # Of a bucket that is open anyway, other probes say so.
    was_open = bench.secret in bench.as_stranger(key).body
    for query in ("acl", "tagging"):
        answer = bench.as_stranger(key, query=query)
        if not answer.is_refusal:
            return wrong(f"A stranger's GET of ?{query} was answered with {answer.status}.", CLOSE)
    answer = bench.ask("PUT", bucket_url(key, "acl"), headers={"x-amz-acl": "public-read"})
    opened = bench.secret in bench.as_stranger(key).body and not was_open
    if opened or not answer.is_refusal:
        return wrong(f"A stranger's PUT of ?acl was answered with {answer.status}.", CLOSE)
    return fine("Neither its ACL nor its tags are shown or changed.")


def write(bench: Bench) -> Seen:
    key = bench.put("private/written")
    for method in ("PUT", "DELETE"):
        answer = bench.as_stranger(key, method)
        if not answer.is_refusal:
            return wrong(f"A stranger's {method} was answered with {answer.status}.", CLOSE)
    if bench.read(key) != bench.secret:
        return wrong("A stranger's PUT or DELETE was refused and carried out.", CLOSE)
    return fine("A stranger's PUT and DELETE are refused.")


def listing(bench: Bench) -> Seen:
    """Keys hold names of files, and of clients."""
    bench.put("private/listed")
    prefix = bench.key("x")[:-1]
    for query in ("", f"list-type=2&prefix={prefix}", "versions", "uploads"):
        answer = bench.as_stranger("", query=query)
        if not answer.is_refusal:
            what = "the bucket" if not query else f"?{query.partition('=')[0]}"
            return wrong(f"A stranger's list of {what} was answered with {answer.status}.", CLOSE)
    return fine("A stranger gets no list, neither of the bucket nor of a prefix.")


PROBES = (
    Probe(
        id="private-read",
        title="Private is private",
        why="Whoever learns a key would read the object without asking the gateway.",
        run=private_read,
        remedy=CLOSE,
        checklist="1. private bucket",
        proves=(Capability.PRIVATE,),
    ),
    Probe(
        id="private-wildcard",
        title="No wildcard opens private/media/",
        why="In a policy * crosses slashes: */media/* publishes acme/private/media/secret.pdf as well.",
        run=private_wildcard,
        remedy=CLOSE,
        proves=(Capability.PRIVATE,),
    ),
    Probe(
        id="anonymous-list",
        title="Strangers list nothing",
        why="A list of keys names every client and every file.",
        run=listing,
        remedy=CLOSE,
        proves=(Capability.PRIVATE,),
    ),
    Probe(
        id="anonymous-acl",
        title="Strangers neither read nor change ACLs",
        why="An ACL that a stranger may write is a door that a stranger may open.",
        run=acl_of_private,
        remedy=CLOSE,
        proves=(Capability.PRIVATE,),
    ),
    Probe(
        id="anonymous-write",
        title="Strangers write nothing",
        why="A bucket that takes anybody's objects serves anybody's, under your clients' names.",
        run=write,
        remedy=CLOSE,
        proves=(Capability.PRIVATE,),
    ),
)
