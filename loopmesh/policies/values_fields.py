"""Fields of a values file, taken and refused as Helm and the chart's schema do it."""

from loopmesh.policies.fields import Fields
from loopmesh.policies.yaml_tree import Node, Scalar

Value = Scalar | list[Node] | dict[str, Node]


class ValuesFields(Fields):
    """A whole number is one however it is written."""

    def number_at(self, key: str) -> Value:
        return as_counted(super().number_at(key))


def as_counted(value: Value) -> Value:
    """To Helm `1.0` is 1, and `8e3` is 8000."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def refuse_nulls(fields: Fields) -> None:
    """Helm lets null take away what a chart says of its own, and hands it on where that says nothing."""
    values = fields.node.value
    for key, child in values.items() if isinstance(values, dict) else ():
        if child.value is None:
            fields.refuse(key, "the chart takes no null here", "remove it, or write a value")
