"""What `helm install` tells at its end. Only an install shows it, so here it is rendered as if it were an object."""

import shutil
import textwrap
from pathlib import Path

from tools.chart.go_tools import ROOT
from tools.chart.render import of_kind, render


def notes(folder: Path, *arguments: str) -> list[str]:
    """Its lines."""
    chart = folder / "shop"
    shutil.copytree(ROOT / "helm" / "shop", chart)
    text = (chart / "templates" / "NOTES.txt").read_text()
    (chart / "templates" / "notes.yaml").write_text(f"kind: Notes\ntext: |\n{textwrap.indent(text, '  ')}")
    (shown,) = of_kind(render(str(chart), "shop", *arguments), "Notes")
    return [line.strip() for line in shown["text"].splitlines()]


def test_the_way_in_is_the_gateways_service_and_port(tmp_path: Path) -> None:
    told = notes(tmp_path)
    assert "shop runs in namespace shop." in told
    assert "kubectl -n shop get pods" in told
    assert "kubectl -n shop port-forward service/edge 8080:80" in told
    assert "helm -n shop test shop" in told


def test_a_gateway_elsewhere_with_other_ports_is_told_as_it_is(tmp_path: Path) -> None:
    port = "gateways.edge.service.ports[0]"
    settings = ("gateways.edge.namespace=front", f"{port}.name=grpc", f"{port}.port=50051", f"{port}.targetPort=8081")
    told = notes(tmp_path, "--set", ",".join(settings))
    assert "kubectl -n front port-forward service/edge 8080:50051" in told
    assert {"kubectl -n shop get pods", "kubectl -n front get pods"} <= set(told)
