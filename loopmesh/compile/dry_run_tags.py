"""What dry runs of authorization would have done, on the spans of calls."""

from collections.abc import Iterator

from envoy.type.metadata.v3.metadata_pb2 import MetadataKey, MetadataKind
from envoy.type.tracing.v3.custom_tag_pb2 import CustomTag

from loopmesh.compile.http_security import RULES
from loopmesh.compile.rbac import DRY_RUN_MARKS

NOTES = {"name": "shadow_effective_policy_id", "result": "shadow_engine_result"}
"""What is noted of a dry run, by the end of its tag's name."""


def dry_run_tags() -> Iterator[CustomTag]:
    """A call that no dry run judges has none (Istio `dryRunPolicyTraceTag`)."""
    for mark in DRY_RUN_MARKS.values():
        verdict = mark.removeprefix("istio_dry_run_").removesuffix("_")
        for word, note in NOTES.items():
            key = MetadataKey(key=RULES, path=[MetadataKey.PathSegment(key=mark + note)])
            where = CustomTag.Metadata(kind=MetadataKind(request=MetadataKind.Request()), metadata_key=key)
            yield CustomTag(tag=f"istio.authorization.dry_run.{verdict}_policy.{word}", metadata=where)
