"""What `defaultConfig.tracing` says of every proxy's spans."""

from loopmesh.model.mesh_settings import TracingDefaults
from loopmesh.model.span_tag import TagKind
from loopmesh.policies.fields import Fields
from loopmesh.policies.mesh_config.unsupported import AGENT, OF_PROXY, PROXY, PROXY_ON_KUBERNETES, TRACERS
from loopmesh.policies.span_tags import read_span_tags

KINDS = (TagKind.LITERAL, TagKind.ENVIRONMENT, TagKind.HEADER)
MOST_TAG_LENGTH = 2**32 - 1
PERCENT = 100


def read_proxy_defaults(fields: Fields) -> TracingDefaults | None:
    """`defaultConfig`, of which only tracing says something about calls."""
    fields.unsupported(PROXY)
    fields.ignore(*PROXY_ON_KUBERNETES)
    for name in fields.settings("proxyMetadata"):
        if name.startswith(OF_PROXY) and name not in AGENT:
            rule = "loopmesh does not support what this tells istiod of a proxy"
            fields.refuse("proxyMetadata", f"{rule}: {name}", "remove it")
    return fields.object("tracing", _tracing)


def _tracing(fields: Fields) -> TracingDefaults:
    """A sampling of 0 is the same as none said (Istio `proxyConfigSamplingValue`)."""
    fields.unsupported(TRACERS)
    istio_tags = fields.boolean("enableIstioTags")
    return TracingDefaults(
        sampling_percent=fields.number("sampling", least=0, most=PERCENT) or None,
        tags=read_span_tags(fields, KINDS),
        istio_tags=True if istio_tags is None else istio_tags,
        longest_path_tag=fields.integer("maxPathTagLength", least=0, most=MOST_TAG_LENGTH) or None,
    )
