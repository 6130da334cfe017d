"""The settings of the mesh, from Istio's mesh config."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from loopmesh.model.mesh_settings import (
    MESH_CONFIG,
    DefaultVisibility,
    MeshSettings,
    MutualTls,
    PathNormalization,
    TlsVersion,
    TracingDefaults,
)
from loopmesh.model.outbound_policy import OutboundPolicy, UnknownHosts
from loopmesh.model.policy import Source
from loopmesh.model.problem import Origin, Problem
from loopmesh.model.provider import LogFile, LogFormat, Provider, SpanCollector
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_label
from loopmesh.policies.mesh_config.provider import read_provider
from loopmesh.policies.mesh_config.tracing import read_proxy_defaults
from loopmesh.policies.mesh_config.traffic import read_traffic_defaults
from loopmesh.policies.mesh_config.unsupported import MESH, ONE_MACHINE
from loopmesh.policies.protobuf_fields import ProtobufFields
from loopmesh.policies.routes.retry import read_retry
from loopmesh.policies.yaml_tree import Node

TRUST_DOMAIN_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,253}[a-z0-9])?")
LONGEST_CONNECT_MS = 3_600_000
SCOPES = ("*", ".", "~")


class _Encoding(StrEnum):
    TEXT = "TEXT"
    JSON = "JSON"


class _Normalization(StrEnum):
    DEFAULT = "DEFAULT"
    NONE = "NONE"
    BASE = "BASE"
    MERGE_SLASHES = "MERGE_SLASHES"
    DECODE_AND_MERGE_SLASHES = "DECODE_AND_MERGE_SLASHES"


class _TlsVersion(StrEnum):
    TLS_AUTO = "TLS_AUTO"
    TLSV1_2 = "TLSV1_2"
    TLSV1_3 = "TLSV1_3"


def read_mesh_settings(node: Node, problems: list[Problem]) -> MeshSettings:
    """What is not said has Istio's default (Istio `DefaultMeshConfig`)."""
    return ProtobufFields.read(node, "", problems, _settings)


def _settings(fields: Fields) -> MeshSettings:
    fields.unsupported(MESH)
    fields.ignore(*ONE_MACHINE)
    default = MeshSettings()
    providers = {**default.providers, **_providers(fields)}
    tracing = fields.object("defaultConfig", read_proxy_defaults) or TracingDefaults()
    tracers, loggers = fields.object("defaultProviders", lambda inside: _defaults(inside, providers)) or ((), ())
    auto = fields.boolean("enableAutoMtls")
    source = Source(policy=MESH_CONFIG, origin=Origin(file=fields.origin.file, line=0))
    return MeshSettings(
        source=source,
        root_namespace=fields.text("rootNamespace", check=check_label) or default.root_namespace,
        trust_domain=fields.text("trustDomain", check=_check_trust_domain) or default.trust_domain,
        trust_domain_aliases=fields.texts("trustDomainAliases", _check_trust_domain),
        retry=fields.object("defaultHttpRetryPolicy", lambda inside: read_retry(source, inside)),
        outbound=fields.object("outboundTrafficPolicy", lambda inside: _outbound(source, inside)) or default.outbound,
        traffic=read_traffic_defaults(source, fields),
        connect_timeout_ms=_connect_timeout(fields) or default.connect_timeout_ms,
        path_normalization=fields.object("pathNormalization", _normalization) or default.path_normalization,
        visibility=_visibility(fields),
        mutual_tls=fields.object("meshMTLS", _mutual_tls) or default.mutual_tls,
        auto_mutual_tls=True if auto is None else auto,
        tracing=replace(tracing, enabled=fields.boolean("enableTracing") is not False),
        log_file=fields.text("accessLogFile") or "",
        log_format=_log_format(fields),
        providers=providers,
        default_tracing=tracers,
        default_logging=loggers,
    )


def _providers(fields: Fields) -> Mapping[str, Provider]:
    found = [one for one in fields.objects("extensionProviders", read_provider) if one is not None]
    for name, times in Counter(one.name for one in found).items():
        if times > 1:
            fields.refuse("extensionProviders", f"two providers are called `{name}`", "rename one")
    return {one.name: one for one in found if one.name}


def _defaults(fields: Fields, providers: Mapping[str, Provider]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that lead nowhere would leave Istio without spans or logs."""
    fields.unsupported({"metrics": "stock Envoy lacks Istio's stats filter, so Istio's metrics do not exist here"})

    def names(key: str, kind: type[Provider]) -> tuple[str, ...]:
        known = ", ".join(name for name, one in providers.items() if isinstance(one, kind)) or "none"

        def check(name: str) -> tuple[str, str] | None:
            if any(name.casefold() == one.name.casefold() for one in providers.values() if isinstance(one, kind)):
                return None
            return "no extension provider for this has the name", f"known: {known}"

        return fields.texts(key, check)

    return names("tracing", SpanCollector), names("accessLogging", LogFile)


def _outbound(source: Source, fields: Fields) -> OutboundPolicy:
    """The value without a mode is the first of Istio's, REGISTRY_ONLY."""
    fields.unsupported({"tls": "which hosts are called with TLS is said by a ServiceEntry and its DestinationRule"})
    return OutboundPolicy(
        unknown_hosts=fields.choice("mode", UnknownHosts) or UnknownHosts.REFUSED,
        source=source.at(fields.origin, fields.path),
    )


def _connect_timeout(fields: Fields) -> int | None:
    """Istio `ValidateConnectTimeout`."""
    found = fields.duration_ms("connectTimeout")
    if found is not None and found > LONGEST_CONNECT_MS:
        fields.refuse("connectTimeout", "the longest is one hour", "write 1h or less")
    return found


def _normalization(fields: Fields) -> PathNormalization:
    found = fields.choice("normalization", _Normalization) or _Normalization.DEFAULT
    return PathNormalization.BASE if found is _Normalization.DEFAULT else PathNormalization(found)


def _mutual_tls(fields: Fields) -> MutualTls:
    fields.unsupported({"ecdhCurves": "Istio refuses it here, too"})
    found = fields.choice("minProtocolVersion", _TlsVersion) or _TlsVersion.TLS_AUTO
    return MutualTls(
        oldest_version=TlsVersion.V1_2 if found is _TlsVersion.TLS_AUTO else TlsVersion(found),
        cipher_suites=fields.texts("cipherSuites"),
    )


def _visibility(fields: Fields) -> DefaultVisibility:
    everywhere = ("*",)
    return DefaultVisibility(
        services=fields.texts("defaultServiceExportTo", _check_scope) or everywhere,
        routings=fields.texts("defaultVirtualServiceExportTo", _check_scope) or everywhere,
        destination_rules=fields.texts("defaultDestinationRuleExportTo", _check_scope) or everywhere,
    )


def _check_scope(name: str) -> tuple[str, str] | None:
    if name in SCOPES or not check_label(name):
        return None
    return "this is `*`, `.`, `~` or a namespace", "write one of them"


def _check_trust_domain(name: str) -> tuple[str, str] | None:
    """SPIFFE-ID.md section 2.1."""
    if TRUST_DOMAIN_NAME.fullmatch(name):
        return None
    return "a trust domain is lower-case letters, digits, `-`, `_` and `.`", "write it without scheme or path"


def _log_format(fields: Fields) -> LogFormat:
    """JSON is written as the text of an object; Istio would fall back to its own format if it is none."""
    text = fields.text("accessLogFormat") or ""
    if fields.choice("accessLogEncoding", _Encoding) is not _Encoding.JSON:
        return LogFormat(text=text)
    try:
        labels = json.loads(text or "{}")
    except ValueError:
        labels = None
    if not isinstance(labels, dict):
        fields.refuse("accessLogFormat", "with JSON encoding this is a JSON object", "write one, or remove it")
    return LogFormat(is_json=True, labels=labels if isinstance(labels, dict) else {})
