"""HTTPMatchRequest: what a request must look like, and who must send it."""

from collections import Counter

from loopmesh.model.routes.request_match import Claim, RequestMatch
from loopmesh.model.routes.text_match import TextMatch, TextMatchKind
from loopmesh.policies.document import Document
from loopmesh.policies.fields import Fields
from loopmesh.policies.gateway_names import read_gateways
from loopmesh.policies.host_names import check_label
from loopmesh.policies.routes.header_names import CLAIMS, claim_path, is_header
from loopmesh.policies.routes.text_match import (
    read_absence_match,
    read_path_match,
    read_presence_match,
    read_text_match,
)
from loopmesh.policies.workload_labels import labels_at


def read_request_match(document: Document, fields: Fields) -> RequestMatch:
    """Claims are asked for among the headers, by Istio's special names."""
    headers, claims = _headers(fields, "headers", absent=False)
    without_headers, without_claims = _headers(fields, "withoutHeaders", absent=True)
    return RequestMatch(
        name=fields.text("name") or "",
        path=fields.object("uri", read_path_match),
        ignore_path_case=bool(fields.boolean("ignoreUriCase")),
        method=fields.object("method", read_text_match),
        authority=fields.object("authority", read_text_match),
        scheme=fields.object("scheme", read_text_match),
        headers=headers,
        without_headers=without_headers,
        query=fields.named_objects("queryParams", read_presence_match),
        claims=(*claims, *without_claims),
        statistics_name=fields.text("statPrefix") or "",
        port=fields.integer("port", least=1, most=65535),
        gateways=read_gateways(fields, document.namespace),
        source_labels=labels_at(fields, "sourceLabels"),
        source_namespace=fields.text("sourceNamespace", check=check_label) or None,
    )


def _headers(fields: Fields, key: str, *, absent: bool) -> tuple[dict[str, TextMatch], list[Claim]]:
    headers: dict[str, TextMatch] = {}
    claims: list[Claim] = []
    found = fields.named_objects(key, read_absence_match if absent else read_presence_match)
    for name, times in Counter(name.lower() for name in found if claim_path(name) is None).items():
        if times > 1:
            fields.refuse(key, f"`{name}` is there twice, for case makes no difference", "keep one of them")
    for name, text in found.items():
        path = claim_path(name)
        if path is not None:
            if text.kind is TextMatchKind.PRESENT:
                fields.refuse(key, f"`{name}` is compared with a text", "add exact, prefix or regex")
            claims.append(Claim(path=path, text=text, absent=absent))
        elif not is_header(name):
            remedy = f"use letters, digits, `-` and `_`, or `{CLAIMS}.<claim>`"
            fields.refuse(key, f"`{name}` is no header name", remedy)
        else:
            headers[name.lower()] = text
    return headers, claims
