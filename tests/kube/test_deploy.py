"""`make deploy`: the shop on a cluster somebody else runs."""

from typing import Any

import pytest
import yaml

from tests.kube.conftest import Machine
from tools.images.engine import ROOT

STRICT = ROOT / "istio" / "mesh" / "peerauthentication.yaml"
ASKED_FOR_STRICT = "kubectl --context far -n istio-system get peerauthentication.security.istio.io default"
ASKED_FOR_SIDECARS = "kubectl --context far get pods -A -l security.istio.io/tlsMode=istio"
ASKED_FOR_INJECTORS = "kubectl --context far get mutatingwebhookconfigurations -l app=sidecar-injector"
ASKED_FOR_NAMESPACE = "kubectl --context far get namespace shop"
TO_FAR = ("deploy", "--context", "far", "--images", "example.com/team")
HELM = ("helm", "--kube-context", "far")
ISTIOD = "deployment.apps/istiod\n"


@pytest.fixture
def far(machine: Machine) -> Machine:
    """A cluster with Istio, called far."""
    machine.answer("kubectl config get-contexts", "near\nfar\n")
    machine.answer("kubectl --context far get deployments -A -l app=istiod", ISTIOD)
    machine.answer(ASKED_FOR_INJECTORS, injectors({"istio.io/rev": "default"}, "rev.object", "object"))
    return machine


def injectors(labels: dict[str, str], *webhooks: str) -> dict[str, Any]:
    """What Istio has the API server ask about new pods."""
    named = [{"name": f"{one}.sidecar-injector.istio.io"} for one in webhooks]
    return {"items": [{"metadata": {"labels": labels}, "webhooks": named}]}


def test_the_shop_runs_by_images_of_this_commit_from_the_users_registry(far: Machine) -> None:
    answer = far.run(*TO_FAR)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    sent = [call["words"][-1] for call in far.asked("docker", "push")]
    assert sent == ["example.com/team/services:0123abc", "example.com/team/postgresql:0123abc"]
    (shop,) = far.asked(*HELM, "upgrade", "--install", "shop")
    told = [shop["words"][at + 1] for at, word in enumerate(shop["words"]) if word == "--set"]
    assert told == [
        "image.repository=example.com/team/services",
        "image.tag=0123abc",
        "postgresql.image=example.com/team/postgresql:0123abc",
    ]


def test_istio_is_left_as_it_is(far: Machine) -> None:
    far.run(*TO_FAR)
    assert [call for call in far.calls if "istiod" in call["words"] and "upgrade" in call["words"]] == []


def test_a_cluster_without_istio_is_refused_with_the_way_to_get_it(far: Machine) -> None:
    far.answer("kubectl --context far get deployments -A -l app=istiod", "")
    answer = far.run(*TO_FAR)
    assert answer.returncode == 1
    assert answer.stderr.startswith("far has no Istio: ")
    assert "ARGS=--install-istio" in answer.stderr
    assert far.asked("docker", "buildx", "build") == []


def test_istio_is_installed_where_that_is_said(far: Machine) -> None:
    far.answer("kubectl --context far get deployments -A -l app=istiod", "")
    assert far.run(*TO_FAR, "--install-istio").returncode == 0
    assert len(far.asked(*HELM, "upgrade", "--install", "istiod")) == 1


def test_a_mesh_config_that_says_otherwise_than_the_one_loopmesh_reads_is_told(far: Machine) -> None:
    written = yaml.safe_load((ROOT / "istio" / "mesh" / "meshconfig.yaml").read_text())
    asked = "kubectl --context far -n istio-system get configmap istio"
    far.answer(asked, yaml.safe_dump({**written, "rootNamespace": "istio-system"}))
    assert "mesh config differs" not in far.run(*TO_FAR).stdout
    (setting, *_) = written
    far.answer(asked, yaml.safe_dump({**written, setting: "other"}))
    assert f"Its mesh config differs from istio/mesh/meshconfig.yaml in {setting}:" in far.run(*TO_FAR).stdout


def test_values_of_the_cluster_come_last_but_for_the_images(far: Machine) -> None:
    far.run(*TO_FAR, "--values", "/far.yaml")
    (shop,) = far.asked(*HELM, "upgrade", "--install", "shop")
    assert shop["words"][shop["words"].index("--values") + 1] == "/far.yaml"


@pytest.mark.parametrize(
    ("label", "served"),
    [
        (None, False),
        ("istio-injection=enabled", False),
        ("istio.io/rev=1-31", True),
        ("istio.io/rev=stable", True),
        ("istio.io/rev=1-30", False),
    ],
)
def test_a_revision_of_istio_serves_a_namespace_that_names_it(far: Machine, label: str | None, served: bool) -> None:
    far.answer(ASKED_FOR_INJECTORS, injectors({"istio.io/rev": "1-31", "istio.io/tag": "stable"}, "rev.object"))
    far.answer(ASKED_FOR_NAMESPACE, {"metadata": {"labels": dict([label.split("=")])}} if label else "")
    answer = far.run(*TO_FAR)
    assert answer.returncode == (0 if served else 1), answer.stderr
    assert served or answer.stderr == (
        "Istio gives no sidecars to pods of namespace shop: make it where it is not there, and give it the label "
        "istio.io/rev=… with what Istio serves: 1-31, stable\n"
    )


def test_a_namespace_without_sidecars_is_told(far: Machine) -> None:
    far.answer(ASKED_FOR_NAMESPACE, {"metadata": {"labels": {"istio-injection": "disabled"}}})
    assert "namespace shop is labelled istio-injection=disabled" in far.run(*TO_FAR).stderr


def leaves_mesh_policies_out(far: Machine) -> bool:
    (shop,) = far.asked(*HELM, "upgrade", "--install", "shop")
    return "meshPolicies=false" in shop["words"]


def test_a_policy_for_the_whole_mesh_is_installed_where_the_shop_is_alone(far: Machine) -> None:
    assert far.run(*TO_FAR).returncode == 0
    assert not leaves_mesh_policies_out(far)


def test_others_on_the_cluster_get_no_policy_that_nobody_said(far: Machine) -> None:
    far.answer(ASKED_FOR_SIDECARS, "shop lab lab bank")
    answer = far.run(*TO_FAR)
    assert answer.returncode == 1
    assert answer.stderr == (
        "istio/mesh/peerauthentication.yaml would be in force for the whole mesh, also for what has sidecars in bank, "
        "lab: say ARGS=--mesh-policies=shop to have it so, or ARGS=--mesh-policies=cluster to leave it out\n"
    )
    assert far.asked("docker", "buildx", "build") == []


@pytest.mark.parametrize(("said", "left_out"), [("shop", False), ("cluster", True)])
def test_whose_policies_count_for_others_too_is_as_it_was_said(far: Machine, said: str, left_out: bool) -> None:
    far.answer(ASKED_FOR_SIDECARS, "lab")
    assert far.run(*TO_FAR, f"--mesh-policies={said}").returncode == 0
    assert leaves_mesh_policies_out(far) == left_out


def test_what_the_shop_brought_before_stays_its_own(far: Machine) -> None:
    far.answer(ASKED_FOR_SIDECARS, "lab")
    far.answer(ASKED_FOR_STRICT, on_cluster(mode="STRICT", annotations={"meta.helm.sh/release-name": "shop"}))
    assert far.run(*TO_FAR).returncode == 0
    assert not leaves_mesh_policies_out(far)


def test_a_policy_of_the_cluster_that_says_the_same_is_left_to_it(far: Machine) -> None:
    far.answer(ASKED_FOR_STRICT, on_cluster(mode="STRICT"))
    assert far.run(*TO_FAR).returncode == 0
    assert leaves_mesh_policies_out(far)


def test_a_policy_of_the_cluster_that_says_otherwise_is_told(far: Machine) -> None:
    far.answer(ASKED_FOR_STRICT, on_cluster(mode="PERMISSIVE"))
    assert far.run(*TO_FAR).stderr.startswith(
        "the cluster's PeerAuthentication istio-system/default says otherwise than"
    )
    assert far.run(*TO_FAR, "--mesh-policies=cluster").returncode == 0
    assert leaves_mesh_policies_out(far)


def test_a_policy_of_somebody_else_is_not_taken_over(far: Machine) -> None:
    far.answer(ASKED_FOR_STRICT, on_cluster(mode="STRICT"))
    answer = far.run(*TO_FAR, "--mesh-policies=shop")
    assert "PeerAuthentication istio-system/default is there already and not the shop's" in answer.stderr


def on_cluster(mode: str, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    policy: dict[str, Any] = yaml.safe_load(STRICT.read_text())
    policy["metadata"]["annotations"] = annotations or {}
    policy["spec"] = {"mtls": {"mode": mode}}
    return policy


def test_flags_of_the_engine_go_to_it(far: Machine) -> None:
    assert far.run(*TO_FAR, "--platform", "linux/amd64").returncode == 0
    for build in far.asked("docker", "buildx", "build"):
        assert build["words"][build["words"].index("--platform") + 1] == "linux/amd64"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("deploy", "--context", "", "--images", "example.com/team"), "there is no context ''; known: near, far."),
        (
            ("deploy", "--context", "fra", "--images", "example.com/team"),
            "there is no context 'fra'; known: near, far",
        ),
        (("deploy", "--context", "far", "--images", ""), "say IMAGE_REPOSITORY="),
    ],
)
def test_what_was_not_said_is_asked_for(far: Machine, words: tuple[str, ...], said: str) -> None:
    answer = far.run(*words)
    assert answer.returncode == 1
    assert answer.stderr.startswith(said)


def test_what_is_not_committed_is_not_deployed(far: Machine) -> None:
    far.answer("git -C", " M services/catalog/domain.py\n")
    assert "commit first" in far.run(*TO_FAR).stderr


def test_all_that_was_not_said_is_asked_for_at_once(far: Machine) -> None:
    assert len(far.run("deploy", "--context", "", "--images", "").stderr.splitlines()) == 2


def test_everything_that_is_missing_is_told_in_one_answer_a_line_each(bare: Machine) -> None:
    lines = bare.run(*TO_FAR, "--install-istio").stderr.splitlines()
    assert [line.partition(" is not on PATH: ")[0] for line in lines[:3]] == ["git", "helm", "kubectl"]
    assert lines[3].startswith("no container engine works here: install one of docker, podman, buildah")
    assert lines[4].startswith("there are no Istio charts of version ")
    assert len(lines) == 5


def test_a_machine_without_git_is_told(far: Machine) -> None:
    (far.folder / "bin" / "git").unlink()
    assert far.run(*TO_FAR).stderr.startswith("git is not on PATH: install it")


def test_a_cluster_that_does_not_answer_is_told(far: Machine) -> None:
    far.answer("kubectl --context far get --raw /readyz", status=1, complains="dial tcp: no route to host\n")
    assert far.run(*TO_FAR).stderr == (
        "the cluster of context 'far' does not answer: start it and wait, or see `kubectl config view` "
        "(kubectl says: dial tcp: no route to host)\n"
    )


def test_an_engine_that_cannot_send_says_so(far: Machine) -> None:
    far.answer("docker push", "denied\n", status=1)
    answer = far.run(*TO_FAR)
    assert answer.returncode == 1
    assert "`docker push … example.com/team/services:0123abc` failed" in answer.stderr
    assert far.asked(*HELM) == []


def test_without_an_engine_each_that_would_do_is_named(far: Machine) -> None:
    (far.folder / "bin" / "docker").unlink()
    assert "install one of docker, podman, buildah" in far.run(*TO_FAR).stderr
