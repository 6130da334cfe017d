"""Fields of what Istio reads as JSON of Protocol Buffers, not by the schema of a Kubernetes kind."""

from loopmesh.policies.fields import NUMBER, Fields
from loopmesh.policies.yaml_tree import Node, Scalar


class ProtobufFields(Fields):
    """Numbers may also stand in quotes, as in Istio's own examples of extension providers."""

    def number_at(self, key: str) -> Scalar | list[Node] | dict[str, Node]:
        value = super().number_at(key)
        if not isinstance(value, str) or not NUMBER.fullmatch(value):
            return value
        return float(value) if "." in value else int(value)
