"""The contract between a service and where it runs: environment variables, the same on a laptop and on Kubernetes."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`outbound` is the sidecar's socket, None where names are dialled directly."""

    listen_address: str
    outbound: str | None
    database_url: str
    instance: str
    service: str
    version: str
    log_level: str
    traces_endpoint: str | None


def settings_from(environment: Mapping[str, str], service: str) -> Settings:
    """Reads LISTEN_ADDR, MESH_OUTBOUND, DATABASE_URL, HOSTNAME and the standard OTEL_* variables."""
    attributes = dict(
        pair.split("=", 1) for pair in environment.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",") if "=" in pair
    )
    return Settings(
        listen_address=environment.get("LISTEN_ADDR", "0.0.0.0:50051"),
        outbound=environment.get("MESH_OUTBOUND"),
        database_url=environment.get("DATABASE_URL", f"sqlite:///{service}.db"),
        instance=environment.get("HOSTNAME", service),
        service=environment.get("OTEL_SERVICE_NAME", service),
        version=attributes.get("service.version", ""),
        log_level=environment.get("LOG_LEVEL", "INFO").upper(),
        traces_endpoint=environment.get("OTEL_EXPORTER_OTLP_ENDPOINT"),
    )
