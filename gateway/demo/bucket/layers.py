"""The row of layers in front of the store.

A layer gets the request and the rest of the row. It refuses by raising `Refused`, answers itself,
or passes on what it learned and may change the answer on its way out. Moods (slow, forgetful, out of
order) are layers too, and do nothing while they are off.
"""

from collections.abc import Sequence
from typing import Protocol

from gateway.demo.bucket.access import Access
from gateway.demo.bucket.bodies import known_length, read_body
from gateway.demo.bucket.cors import Cors
from gateway.demo.bucket.credentials import Credentials
from gateway.demo.bucket.forms import FormUploads
from gateway.demo.bucket.lifecycle import lifecycle
from gateway.demo.bucket.limits import Limits
from gateway.demo.bucket.moods import Moods
from gateway.demo.bucket.overrides import override_headers
from gateway.demo.bucket.quirks import bare_etags, etags_in_bodies, overlooked_headers
from gateway.demo.bucket.request import Answer, S3Request
from gateway.demo.bucket.responses import Refused, Response
from gateway.demo.bucket.signatures import Signatures, every_amz_header_signed
from gateway.demo.bucket.store import Store
from gateway.demo.bucket.temper import (
    Temper,
    acls,
    forgotten_conditions,
    refused_operations,
    spoiled_contents,
    unless,
)
from gateway.demo.bucket.uploads import Uploads


class Layer(Protocol):
    def __call__(self, request: S3Request, answer: Answer, /) -> Response: ...


def usual_layers(store: Store, credentials: Credentials, moods: Moods) -> tuple[Layer, ...]:
    """Return the layers of a store that behaves while it has no moods, outermost first."""
    return (
        Temper(moods),
        Cors(store),
        refusals,
        Signatures(credentials),
        unless("unsigned-headers", every_amz_header_signed),
        refused_operations,
        known_length,
        FormUploads(credentials),
        Access(store),
        acls,
        forgotten_conditions,
        overlooked_headers,
        bare_etags,
        etags_in_bodies,
        unless("headers-ignored", override_headers),
        read_body,
        spoiled_contents,
        Limits(store),
        lifecycle,
        Uploads(store),
    )


def row(layers: Sequence[Layer], store: Answer) -> Answer:
    """Return one answer made of all layers and, innermost, the store."""
    answer = store
    for layer in reversed(layers):
        answer = _before(layer, answer)
    return answer


def _before(layer: Layer, rest: Answer) -> Answer:
    return lambda request: layer(request, rest)


def refusals(request: S3Request, answer: Answer) -> Response:
    """Turn a refusal of an inner layer into its XML answer."""
    try:
        return answer(request)
    except Refused as refused:
        return refused.response()
