"""kind itself, on the cluster of `make kind`."""

import os
import subprocess
from pathlib import Path

from tools.chart.go_tools import run_tool
from tools.chart.render import of_kind, render
from tools.kube.on_kind import CONFIG, VALUES, edge


def test_kind_itself_takes_the_cluster_and_publishes_the_port_of_the_edge(tmp_path: Path) -> None:
    """Up to where it starts the node's container, for Docker here is a program that notes what it is asked."""
    asked = tmp_path / "asked"
    docker = tmp_path / "docker"
    docker.write_text(
        f'#!/bin/sh\necho "$@" >> {asked}\ncase "$*" in *info*) echo \'{{"CgroupVersion":"2"}}\';; esac\n'
    )
    docker.chmod(0o755)
    answer = create_cluster(CONFIG, docker)
    assert "unable to decode config" not in answer.stderr
    (run,) = [line for line in asked.read_text().splitlines() if line.startswith("run ")]
    port = edge().rpartition(":")[2]
    assert f"--publish=127.0.0.1:{port}:30080/TCP" in run


def test_kind_refuses_a_field_it_does_not_know(tmp_path: Path) -> None:
    wrong = tmp_path / "kind.yaml"
    wrong.write_text(CONFIG.read_text().replace("hostPort", "hostPrt"))
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\n")
    docker.chmod(0o755)
    assert "field hostPrt not found" in create_cluster(wrong, docker).stderr


def create_cluster(config: Path, docker: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PATH": f"{docker.parent}:{os.environ['PATH']}",
        "KUBECONFIG": str(docker.parent / "k"),
    }
    return run_tool("kind", "create", "cluster", "--config", str(config), environment=environment)


def test_the_edge_of_the_chart_is_behind_the_port_of_the_node() -> None:
    manifests = render("shop", "shop", "-f", str(VALUES))
    (service,) = [one for one in of_kind(manifests, "Service") if one["metadata"]["name"] == "edge"]
    assert [port["nodePort"] for port in service["spec"]["ports"]] == [30080]
    assert of_kind(manifests, "HorizontalPodAutoscaler") == []
