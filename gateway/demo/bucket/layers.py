"""The row of layers in front of the store.

A layer gets the request and the rest of the row. It refuses by raising `Refused`, answers itself,
or passes on what it learned and may change the answer on its way out. Faults (slow, forgetful, out of
order) are layers too, and do nothing while they are off.
"""

from collections.abc import Sequence
from typing import Protocol

from gateway.demo.bucket.access_control import AccessLayer
from gateway.demo.bucket.body_reader import read_body, require_length
from gateway.demo.bucket.cors import CorsLayer
from gateway.demo.bucket.credentials import Credentials
from gateway.demo.bucket.fault_injection import FaultRegistry
from gateway.demo.bucket.fault_layers import (
    FaultLayer,
    apply_acl_faults,
    corrupt_content,
    disable_on_fault,
    drop_conditions,
    refuse_operations,
)
from gateway.demo.bucket.form_uploads import FormUploadLayer
from gateway.demo.bucket.lifecycle_rules import rewrite_lifecycle_rules
from gateway.demo.bucket.moto_store import Store
from gateway.demo.bucket.quirks import drop_overlooked_headers, refuse_quoted_etags, rewrite_etags
from gateway.demo.bucket.request import Handler, S3Request
from gateway.demo.bucket.request_limits import RequestLimitLayer
from gateway.demo.bucket.response_overrides import override_headers
from gateway.demo.bucket.responses import Refused, Response
from gateway.demo.bucket.signatures import SignatureLayer, require_signed_amz_headers
from gateway.demo.bucket.upload_listing import UploadListLayer


class Layer(Protocol):
    def __call__(self, request: S3Request, answer: Handler, /) -> Response: ...


def make_layers(store: Store, credentials: Credentials, faults: FaultRegistry) -> tuple[Layer, ...]:
    """Return the layers of a store that behaves while it has no faults, outermost first."""
    return (
        FaultLayer(faults),
        CorsLayer(store),
        answer_refusals,
        SignatureLayer(credentials),
        disable_on_fault("unsigned-headers", require_signed_amz_headers),
        refuse_operations,
        require_length,
        FormUploadLayer(credentials),
        AccessLayer(store),
        apply_acl_faults,
        drop_conditions,
        drop_overlooked_headers,
        refuse_quoted_etags,
        rewrite_etags,
        disable_on_fault("headers-ignored", override_headers),
        read_body,
        corrupt_content,
        RequestLimitLayer(store),
        rewrite_lifecycle_rules,
        UploadListLayer(store),
    )


def chain_layers(layers: Sequence[Layer], store: Handler) -> Handler:
    """Return one answer made of all layers and, innermost, the store."""
    answer = store
    for layer in reversed(layers):
        answer = _wrap_layer(layer, answer)
    return answer


def _wrap_layer(layer: Layer, rest: Handler) -> Handler:
    return lambda request: layer(request, rest)


def answer_refusals(request: S3Request, answer: Handler) -> Response:
    """Turn a refusal of an inner layer into its XML answer."""
    try:
        return answer(request)
    except Refused as refused:
        return refused.build_response()
