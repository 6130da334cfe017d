"""kind itself, on the cluster of `make kind`."""

import os
import subprocess
from pathlib import Path

from tools.chart.go_tools import run_tool
from tools.chart.render import Manifest, of_kind, render
from tools.kube import applications
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


def test_all_of_it_fits_a_machine_of_two_processors() -> None:
    """What `make kind` installs and tests, in thousandths of a processor, with room for a restart of the shop."""
    kubernetes, istio, sidecar, callers = 950, 100, 10, 6 * 10
    shop, restarted = processors(render("shop", "shop", "-f", str(VALUES)), sidecar)
    of_tests = map(applications.tested, applications.TESTED)
    others = [processors(render(one.chart, one.namespace, *one.words), sidecar)[0] for one in of_tests]
    assert kubernetes + istio + shop + restarted + sum(others) + callers < 2000


def processors(manifests: list[Manifest], sidecar: int) -> tuple[int, int]:
    """What the pods ask for, and of that the ones that a restart starts before the old ones end."""
    asked = {"Deployment": 0, "StatefulSet": 0}
    for one in of_kind(manifests, *asked):
        containers = one["spec"]["template"]["spec"]["containers"]
        own = sum(
            int(each["resources"]["requests"]["cpu"].removesuffix("m")) for each in containers if "resources" in each
        )
        asked[one["kind"]] += one["spec"].get("replicas", 1) * (own + sidecar)
    return sum(asked.values()), asked["Deployment"]
