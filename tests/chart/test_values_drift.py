"""The chart takes and refuses the values `mesh up` takes and refuses."""

import json
from pathlib import Path

import pytest
import yaml

from tests.chart.shipped import EVERY_KEY
from tools.chart.go_tools import ROOT
from tools.chart.render import ChartError, render, render_text


def test_a_release_in_another_namespace_than_its_identities_is_refused() -> None:
    with pytest.raises(ChartError, match="install there, with --namespace shop"):
        render("shop", "default")


def test_a_key_mesh_up_does_not_know_is_refused_by_the_chart_too(tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("services: {catalog: {replica: 3}}")
    with pytest.raises(ChartError, match="additional properties 'replica' not allowed"):
        render_text("shop", "shop", "-f", str(values))


def test_the_chart_takes_every_key_mesh_up_takes_and_no_other() -> None:
    """The file with every key is read by `mesh up` in tests/policies; here the chart's schema knows the same keys.
    Policies are given to both beside the file."""
    render("application", "shop", "-f", str(EVERY_KEY))
    used = yaml.load(EVERY_KEY.read_text(), yaml.CSafeLoader)
    schema = json.loads((ROOT / "helm" / "application" / "values.schema.json").read_text())
    known = schema["definitions"]
    services = list(used["services"].values())
    levels = {
        "": (schema, [used, {"policies": {}}]),
        "service": (known["service"], services),
        "version": (known["version"], [one for service in services for one in service["versions"].values()]),
        "gateway": (known["gateway"], list(used["gateways"].values())),
    }
    for level, (described, examples) in levels.items():
        assert set(described["properties"]) == {key for example in examples for key in example}, level
