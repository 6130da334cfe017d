"""HTTPDirectResponse: an answer given by the proxy itself."""

import base64
import binascii

from loopmesh.model.routes.direct_response import DirectResponse
from loopmesh.policies.fields import Fields

MOST_BODY_BYTES = 1024 * 1024


def read_direct_response(fields: Fields) -> DirectResponse:
    """Istio `validateHTTPDirectResponse`, without 600, which Envoy refuses."""
    status = fields.integer("status", least=200, most=599)
    if not fields.has("status"):
        fields.refuse(None, "`status` is required", "add an HTTP status from 200 to 599")
    return DirectResponse(status=status or 200, body=fields.object("body", _body) or b"")


def _body(fields: Fields) -> bytes:
    if fields.has("string") == fields.has("bytes"):
        fields.refuse(None, "a body is one of `string` and `bytes`", "keep one of them")
    text = fields.text("string") or ""
    body = text.encode() or _decode(fields)
    if len(body) > MOST_BODY_BYTES:
        fields.refuse(None, f"a body has at most {MOST_BODY_BYTES} bytes", "answer with less")
    return body


def _decode(fields: Fields) -> bytes:
    encoded = fields.text("bytes") or ""
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        fields.refuse("bytes", "bytes are written in base64", "encode them")
        return b""
