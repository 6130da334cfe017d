"""Extension providers: what policies may name. Each is of exactly one kind."""

from collections.abc import Callable, Mapping
from functools import partial

from loopmesh.model.provider import LogFile, LogFormat, Provider, SpanCollector
from loopmesh.policies.fields import Fields
from loopmesh.policies.mesh_config.authorizer import read_address, read_grpc_authorizer, read_http_authorizer
from loopmesh.policies.mesh_config.unsupported import PROVIDERS

MOST_TAG_LENGTH = 2**32 - 1
DYNATRACE = "it needs Dynatrace"


def read_collector(name: str, fields: Fields) -> SpanCollector:
    """How the collector is reached in the cluster is checked and not used: the mesh takes the spans itself."""
    read_address(fields)
    fields.object("http", _http)
    fields.object("grpc", _grpc)
    if fields.has("http") and fields.has("grpc"):
        fields.refuse("grpc", "spans are sent by one of `http` and `grpc`", "remove one of them")
    fields.object("resourceDetectors", _detectors)
    fields.unsupported(
        {
            "serviceAttributeEnrichment": "spans of a proxy carry the names the mesh gives its workloads",
            "dynatraceSampler": DYNATRACE,
        }
    )
    length = fields.integer("maxTagLength", least=0, most=MOST_TAG_LENGTH)
    return SpanCollector(name=name, longest_path_tag=length or None, origin=fields.origin)


def _http(fields: Fields) -> None:
    fields.text("path")
    fields.duration_ms("timeout")
    fields.objects("headers", _header)


def _grpc(fields: Fields) -> None:
    fields.duration_ms("timeout")
    fields.objects("initialMetadata", _header)


def _header(fields: Fields) -> None:
    fields.text("name", required=True)
    fields.text("value")
    fields.text("envName")


def _detectors(fields: Fields) -> None:
    fields.unsupported({"environment": "a proxy's environment is the mesh's own", "dynatrace": DYNATRACE})


def read_log_file(name: str, fields: Fields) -> LogFile:
    return LogFile(
        name=name,
        path=fields.text("path") or "/dev/stdout",
        format=fields.object("logFormat", _log_format),
        omit_empty_values=bool(fields.boolean("omitEmptyValues")),
        origin=fields.origin,
    )


def _log_format(fields: Fields) -> LogFormat:
    text = fields.text("text") or ""
    found = fields.node_at("labels")
    labels = found.plain() if found is not None else {}
    if not isinstance(labels, dict):
        fields.refuse("labels", "this is a mapping of a label to what is logged", "write `label: format` pairs")
        labels = {}
    if fields.has("text") == fields.has("labels"):
        fields.refuse(None, "exactly one of `text` and `labels`", "keep one of them")
    return LogFormat(is_json=fields.has("labels"), text=text, labels=labels)


READERS: Mapping[str, Callable[[str, Fields], Provider]] = {
    "envoyExtAuthzGrpc": read_grpc_authorizer,
    "envoyExtAuthzHttp": read_http_authorizer,
    "opentelemetry": read_collector,
    "envoyFileAccessLog": read_log_file,
}


def read_provider(fields: Fields) -> Provider | None:
    """An item of `extensionProviders`; None when it has a problem."""
    name = fields.text("name", required=True) or ""
    fields.unsupported(PROVIDERS)
    found = {key: fields.object(key, partial(read, name)) for key, read in READERS.items()}
    given = [key for key in READERS if fields.has(key)]
    if len(given) == 1:
        return found[given[0]]
    if given or not any(fields.has(key) for key in PROVIDERS):
        fields.refuse(None, f"a provider is exactly one of {', '.join(READERS)}", "keep one of them")
    return None
