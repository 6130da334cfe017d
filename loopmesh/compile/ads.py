"""Where a proxy gets the parts of its configuration that are named elsewhere: by the stream it has the rest from."""

from envoy.config.core.v3.config_source_pb2 import V3, AggregatedConfigSource, ConfigSource

ADS = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=V3)
