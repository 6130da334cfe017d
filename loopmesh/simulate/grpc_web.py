"""gRPC as browsers speak it, which a proxy turns into gRPC (Envoy `GrpcWebFilter::decodeHeaders`)."""

from dataclasses import replace

from loopmesh.simulate.request import GRPC, Request

BROWSERS = frozenset(f"application/grpc-web{form}" for form in ("", "+proto", "-text", "-text+proto"))


def as_grpc(request: Request) -> Request:
    """Unchanged where it is no such call."""
    if request.headers.get("content-type", "") not in BROWSERS:
        return request
    return replace(request, headers={**request.headers, "content-type": GRPC, "te": "trailers"})
