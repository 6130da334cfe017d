"""`make kind`: which commands it gives, in which order, and what it says where something is missing or fails."""

import re
from typing import Any

import yaml

from tests.kube.conftest import Machine
from tools.images.engine import ROOT

KUBECTL = ("kubectl", "--context", "kind-loopmesh")
HELM = ("helm", "--kube-context", "kind-loopmesh")
COLLECT = ("--collect-only", "-q")


def place(machine: Machine, *beginning: str) -> int:
    """Of the first call that begins so."""
    (first, *_) = machine.asked(*beginning)
    return machine.calls.index(first)


def test_everything_that_is_missing_is_told_in_one_answer_a_line_each(bare: Machine) -> None:
    answer = bare.run("kind")
    assert answer.returncode == 1
    assert re.findall(r"^(\w+) is not on PATH: .+", answer.stderr, re.MULTILINE) == [
        "docker",
        "kind",
        "helm",
        "kubectl",
    ]
    assert "Traceback" not in answer.stderr


def test_a_docker_without_its_daemon_is_told(machine: Machine) -> None:
    machine.answer("docker info", status=1)
    assert machine.run("kind").stderr.startswith("Docker's daemon does not answer: start it")


def test_istios_charts_come_from_a_helm_repository_where_no_folder_is_named(machine: Machine) -> None:
    del machine.environment["ISTIO_CHARTS"]
    machine.answer("helm search repo istio/istiod", [{"name": "istio/istiod", "version": "1.31.4"}])
    assert machine.run("kind", *COLLECT).returncode == 0
    (base,) = machine.asked(*HELM, "upgrade", "--install", "istio-base")
    (istiod,) = machine.asked(*HELM, "upgrade", "--install", "istiod")
    assert base["words"][6] == "istio/base"
    assert istiod["words"][6] == "istio/istiod"
    assert base["words"][9:12] == istiod["words"][9:12] == ["--create-namespace", "--version", "1.31.4"]


def test_without_istios_charts_both_ways_to_get_them_are_told(machine: Machine) -> None:
    del machine.environment["ISTIO_CHARTS"]
    machine.answer("helm search repo", status=1)
    said = machine.run("kind").stderr
    assert said.startswith("there are no Istio charts of version ~1.31: ")
    assert "ISTIO_CHARTS=" in said
    assert "Helm repository" in said


def test_a_folder_that_holds_no_charts_is_told(machine: Machine) -> None:
    machine.environment["ISTIO_CHARTS"] = str(machine.folder)
    assert f"{machine.folder} holds no charts of Istio" in machine.run("kind").stderr


def test_nothing_is_created_before_all_that_is_needed_is_there(machine: Machine) -> None:
    machine.environment["ISTIO_CHARTS"] = "nowhere"
    machine.run("kind")
    assert machine.asked("kind") == []


def test_a_cluster_gets_istio_then_the_images_then_the_shop_and_then_the_tests(machine: Machine) -> None:
    answer = machine.run("kind", *COLLECT)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    order = [
        place(machine, "kind", "create", "cluster", "--config", str(ROOT / "helm" / "kind.yaml")),
        place(machine, *HELM, "upgrade", "--install", "istio-base"),
        place(machine, *HELM, "upgrade", "--install", "istiod"),
        place(machine, *KUBECTL, "-n", "istio-system", "rollout", "status", "deployment/istiod"),
        place(machine, "docker", "buildx", "build"),
        place(machine, "kind", "load", "docker-image", "--name", "loopmesh"),
        place(machine, *HELM, "upgrade", "--install", "shop"),
        place(machine, *KUBECTL, "-n", "shop", "rollout", "status", "deployment.apps/catalog-v1"),
        place(machine, *HELM, "test", "shop"),
    ]
    assert order == sorted(order)
    # The tests were collected by pytest itself, for a cluster.
    assert "tests/e2e/test_cluster_rollouts.py" in answer.stdout
    assert "tests/e2e/test_live_changes.py" not in answer.stdout


def test_what_is_built_is_what_is_loaded(machine: Machine) -> None:
    machine.run("kind", *COLLECT)
    built = [call["words"][call["words"].index("--tag") + 1] for call in machine.asked("docker", "buildx")]
    (load,) = machine.asked("kind", "load")
    assert load["words"][5:] == built
    assert len(built) == 4


def test_the_mesh_config_that_is_installed_is_the_one_loopmesh_reads(machine: Machine) -> None:
    machine.run("kind", *COLLECT)
    (istiod,) = machine.asked(*HELM, "upgrade", "--install", "istiod")
    file = ROOT / "istio" / "mesh" / "meshconfig.yaml"
    written: dict[str, Any] = yaml.safe_load(file.read_text()) if file.exists() else {}
    assert yaml.safe_load(istiod["stdin"]) == {"meshConfig": written}


def test_the_url_and_what_to_do_next_are_told_at_the_end(machine: Machine) -> None:
    (mapping,) = yaml.safe_load((ROOT / "helm" / "kind.yaml").read_text())["nodes"][0]["extraPortMappings"]
    said = machine.run("kind", *COLLECT).stdout
    assert f"The shop runs on kind: http://127.0.0.1:{mapping['hostPort']}\n" in said
    assert said.rstrip().endswith("make kind-down")


def test_the_port_of_the_node_is_the_one_the_edge_gets(machine: Machine) -> None:
    (mapping,) = yaml.safe_load((ROOT / "helm" / "kind.yaml").read_text())["nodes"][0]["extraPortMappings"]
    values = yaml.safe_load((ROOT / "helm" / "kind-values.yaml").read_text())
    service = values["gateways"]["edge"]["service"]
    assert service["type"] == "NodePort"
    assert mapping["containerPort"] in [port["nodePort"] for port in service["ports"]]


def test_a_cluster_that_is_there_is_kept_and_what_runs_on_it_restarted(machine: Machine) -> None:
    machine.answer("kind get clusters", "loopmesh\n")
    assert machine.run("kind", *COLLECT).returncode == 0
    assert machine.asked("kind", "create") == []
    restart = place(machine, *KUBECTL, "-n", "shop", "rollout", "restart", "deployments")
    assert place(machine, *HELM, "upgrade", "--install", "shop") < restart
    assert restart < place(machine, *KUBECTL, "-n", "shop", "rollout", "status")


def test_a_step_that_fails_is_the_last_one_and_says_what_it_printed(machine: Machine) -> None:
    machine.answer("helm --kube-context kind-loopmesh upgrade --install istiod", status=1)
    answer = machine.run("kind", *COLLECT)
    assert answer.returncode == 1
    assert "helm --kube-context kind-loopmesh upgrade --install istiod … ended with 1" in answer.stderr
    assert machine.asked("docker", "buildx") == []


def test_of_a_workload_that_does_not_become_ready_the_pods_are_shown(machine: Machine) -> None:
    machine.answer("kubectl --context kind-loopmesh -n shop rollout status", status=1)
    machine.answer("kubectl --context kind-loopmesh -n shop get pods", "catalog-v1-0 CrashLoopBackOff\n")
    answer = machine.run("kind", *COLLECT)
    assert answer.returncode == 1
    assert "CrashLoopBackOff" in answer.stdout
    assert "deployment.apps/catalog-v1 in shop does not become ready" in answer.stderr


def test_kind_down_ends_the_cluster(machine: Machine) -> None:
    assert machine.run("kind-down").returncode == 0
    assert machine.calls[-1]["words"] == ["kind", "delete", "cluster", "--name", "loopmesh"]
