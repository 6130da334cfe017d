"""Channels to other services, by the names they have on Kubernetes."""

import grpc

from services.chassis.deadlines import DeadlineInterceptor
from services.chassis.settings import Settings
from services.chassis.traces import client_tracing


def dial(settings: Settings, service: str, port: int = 50051) -> grpc.aio.Channel:
    """Through the sidecar's socket where there is one; the name goes along as `:authority` either way."""
    authority = f"{service}:{port}"
    return grpc.aio.insecure_channel(
        settings.outbound or authority,
        options=[
            ("grpc.default_authority", authority),
            # Every authority needs a connection of its own; gRPC would share one by address.
            ("grpc.use_local_subchannel_pool", 1),
        ],
        interceptors=[DeadlineInterceptor(), *client_tracing()],
    )
