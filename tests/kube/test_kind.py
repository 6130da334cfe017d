"""`make kind`: which commands it gives, in which order, and what it says where something is missing or fails."""

import socket
from contextlib import suppress

import pytest
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
    *programs, charts = answer.stderr.splitlines()
    assert [line.partition(" is not on PATH: ")[0] for line in programs] == ["docker", "kind", "helm", "kubectl"]
    assert charts.startswith("there are no Istio charts of version ")
    assert "ISTIO_CHARTS=" in charts


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ("docker info", "Docker's daemon does not answer: start it"),
        ("docker buildx version", "Docker has no buildx: install it"),
        ("kubectl version", "`kubectl version --client` fails: install it"),
    ],
)
def test_what_is_there_and_does_not_work_is_told_beside_what_is_missing(
    machine: Machine, asked: str, remedy: str
) -> None:
    (machine.folder / "bin" / "kind").unlink()
    machine.answer(asked, status=1)
    lines = machine.run("kind").stderr.splitlines()
    assert len(lines) == 2
    assert any(line.startswith(remedy) for line in lines)
    assert any(line.startswith("kind is not on PATH") for line in lines)


@pytest.mark.parametrize(
    ("asked", "version", "said"),
    [
        ("kind version", "kind v0.20.0 go1.20.4 linux/amd64\n", "kind 0.20 is too old, 0.27 or newer is needed: "),
        ("helm version", "Client: v2.16.1+gbbdfe5e\n", "helm 2.16 is too old, 3.14 or newer is needed: "),
        ("helm version", "v3.13.3+gc8b9489\n", "helm 3.13 is too old, 3.14 or newer is needed: "),
    ],
)
def test_a_program_that_is_too_old_is_told(machine: Machine, asked: str, version: str, said: str) -> None:
    machine.answer(asked, version)
    assert machine.run("kind").stderr.startswith(said)
    assert machine.asked("kind", "create") == []


def test_a_program_of_another_machine_is_told(machine: Machine) -> None:
    (machine.folder / "bin" / "kind").write_bytes(b"\x7fELF of another processor")
    assert machine.run("kind").stderr.startswith("kind does not start (Exec format error): install it")


def test_a_port_that_somebody_listens_on_is_told(machine: Machine) -> None:
    machine.answer("kind create", status=1)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # a cluster of this machine may have the port
            taken.bind(("127.0.0.1", 8081))
            taken.listen()
        answer = machine.run("kind")
    assert answer.stderr == (
        "the edge cannot be at 127.0.0.1:8081 (Address already in use): end what listens there, "
        "or say another hostPort in helm/kind.yaml\n"
    )


def test_a_full_disk_is_told_with_what_frees_it(machine: Machine) -> None:
    machine.answer("kind load", status=1, complains="ERROR: write /tmp/images.tar: no space left on device\n")
    assert "the disk is full: make room" in machine.run("kind").stderr.splitlines()[-1]


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
    assert said.startswith("there are no Istio charts of version 1.31.0: ")
    assert "ISTIO_CHARTS=" in said
    assert "Helm repository" in said


def test_a_folder_that_holds_no_charts_is_told(machine: Machine) -> None:
    machine.environment["ISTIO_CHARTS"] = str(machine.folder)
    assert f"{machine.folder} holds no charts of Istio" in machine.run("kind").stderr


def test_nothing_is_created_before_all_that_is_needed_is_there(machine: Machine) -> None:
    machine.environment["ISTIO_CHARTS"] = "nowhere"
    machine.run("kind")
    assert machine.asked("kind", "create") == []


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
    built = [call["words"][call["words"].index("--tag") + 1] for call in machine.asked("docker", "buildx", "build")]
    (load,) = machine.asked("kind", "load")
    assert load["words"][5:] == built
    assert len(built) == 4


def test_the_mesh_config_that_is_installed_is_the_one_loopmesh_reads(machine: Machine) -> None:
    machine.run("kind", *COLLECT)
    (istiod,) = machine.asked(*HELM, "upgrade", "--install", "istiod")
    file = ROOT / "istio" / "mesh" / "meshconfig.yaml"
    assert yaml.safe_load(istiod["stdin"]) == {"meshConfig": yaml.safe_load(file.read_text())}


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


def test_a_cluster_of_that_name_whose_node_is_stopped_or_anothers_is_told(machine: Machine) -> None:
    machine.answer("kind get clusters", "loopmesh\n")
    machine.answer("docker port", status=1)
    said = machine.run("kind").stderr
    assert "`docker start loopmesh-control-plane`" in said
    assert "`make kind-down`" in said
    assert machine.asked("helm", "--kube-context") == []


def test_a_cluster_that_does_not_answer_is_told(machine: Machine) -> None:
    machine.answer("kind get clusters", "loopmesh\n")
    machine.answer(" ".join((*KUBECTL, "get --raw /readyz")), status=1, complains="connection refused\n")
    said = machine.run("kind").stderr
    assert said.startswith("the cluster of context 'kind-loopmesh' does not answer: ")
    assert said.endswith("(kubectl says: connection refused)\n")


def test_a_cluster_that_the_kubeconfig_does_not_know_is_added(machine: Machine) -> None:
    machine.answer("kind get clusters", "loopmesh\n")
    machine.answer("kubectl config get-contexts", "other\n")
    assert machine.run("kind", *COLLECT).returncode == 0
    assert len(machine.asked("kind", "export", "kubeconfig", "--name", "loopmesh")) == 1


def test_podman_is_kinds_provider_where_it_is_said_or_docker_does_not_work(machine: Machine) -> None:
    machine.has("podman")
    machine.answer("docker info", status=1)
    assert machine.run("kind", *COLLECT).returncode == 0
    machine.answers = [answer for answer in machine.answers if answer["to"] != "docker info"]
    machine.environment["KIND_EXPERIMENTAL_PROVIDER"] = "podman"
    assert machine.run("kind", *COLLECT).returncode == 0
    assert {call["provider"] for call in machine.asked("kind") if "version" not in call["words"]} == {"podman"}
    assert machine.asked("docker", "buildx", "build") == []
    built = [call["words"][call["words"].index("--tag") + 1] for call in machine.asked("podman", "build")]
    assert built == [call["words"][-1] for call in machine.asked("podman", "save")]
    assert len(machine.asked("kind", "load", "image-archive")) == len(built)


def test_a_provider_that_builds_nothing_here_is_refused(machine: Machine) -> None:
    machine.environment["KIND_EXPERIMENTAL_PROVIDER"] = "nerdctl"
    assert machine.run("kind").stderr.startswith("KIND_EXPERIMENTAL_PROVIDER is 'nerdctl': ")


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
    assert machine.asked("docker", "buildx", "build") == []


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


def test_kind_down_looks_in_every_engine_that_answers(machine: Machine) -> None:
    machine.has("podman")
    assert machine.run("kind-down").returncode == 0
    ended = [call["provider"] for call in machine.asked("kind", "delete", "cluster", "--name", "loopmesh")]
    assert ended == ["", "podman"]
