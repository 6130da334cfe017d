"""What other projects' own code says of the charts."""

import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.shipped import SHIPPED
from tools.chart.go_tools import run_own, run_tool
from tools.chart.render import CHARTS, FOLLOWED_LINK, KUBERNETES, Manifest, of_kind, pods, render
from tools.chart.schemas import TEMPLATE, write_schemas
from tools.kube import on_kind, on_kit

KUBE_SCORE_IGNORED = {
    "container-resources": "CPU has requests and no limits: a limit throttles a service that the node has room for",
    "container-image-pull-policy": "released tags are never moved, and local clusters have images no registry knows",
    "deployment-has-host-podantiaffinity": "topology spread constraints do it, by zone and by node",
    "deployment-replicas": "how many replicas there are is the user's to say, in the values",
}
"""Each check that is left out, and why. What the injector fills in is left out by an annotation of the gateway, and
`pod-networkpolicy` is looked at line by line."""
ALLOWED_REMARKS = (
    # Who may be called is for the mesh's policies.
    re.compile(r"\[WARNING\] \S+ apps/v1/(Deployment|StatefulSet): .* a matching egress NetworkPolicy"),
    # A pod of `helm test` takes no connections.
    re.compile(r"\[CRITICAL\] \S+-test-\d/\S+ v1/Pod: The pod does not have a matching NetworkPolicy"),
    # kind publishes a port of its node.
    re.compile(r"\[WARNING\] edge/shop v1/Service: The service is of type NodePort"),
    # Of a program's TCP port there is one thing to ask.
    re.compile(r"\[CRITICAL\] store-v1/\S+ apps/v1/Deployment: Container has the same readiness and liveness probe"),
)
STORES = ("--set", "postgresql.bundled=false", "--set", "postgresql.urlSecret=shop-databases")
EVERY_KEY = "every key"
ANALYZER_IGNORED = {
    "IST0133": "says of every EnvoyFilter that it is an EnvoyFilter",
}


DEPLOYED: Mapping[str, Callable[[], list[Manifest]]] = {
    "shop": lambda: render("shop", "shop", "--set", "monitoring.enabled=true"),
    "shop on kind": lambda: render("shop", "shop", "-f", str(on_kind.VALUES)),
    "shop on the kit": lambda: render("shop", "shop", "-f", str(on_kit.VALUES)),
    "shop with stores elsewhere": lambda: render("shop", "shop", *STORES),
    "foreign": lambda: SHIPPED["foreign"].manifests,
    "namespaces": lambda: SHIPPED["namespaces"].manifests,
}
"""Each way the charts are installed here, with the policies of each."""
each_deployed = pytest.mark.parametrize("manifests", DEPLOYED, indirect=True)
each_rendered = pytest.mark.parametrize("manifests", [*DEPLOYED, EVERY_KEY], indirect=True)


@functools.cache
def rendered(name: str) -> list[Manifest]:
    return SHIPPED[name].manifests if name == EVERY_KEY else DEPLOYED[name]()


@pytest.fixture
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return rendered(request.param)


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where kubeconform finds the schema of each kind."""
    folder = tmp_path_factory.mktemp("schemas")
    write_schemas(folder)
    return str(folder / TEMPLATE)


def written(manifests: Sequence[Manifest], folder: Path) -> str:
    file = folder / "manifests.yaml"
    file.write_text(yaml.dump_all(manifests, Dumper=yaml.CSafeDumper))
    return str(file)


@pytest.mark.parametrize(
    "arguments",
    [
        ("shop", "-n", "shop"),
        ("application", "-n", "lab", "-f", str(SHIPPED["foreign"].values), "--set", "image.repository=localhost/lab"),
    ],
)
def test_helm_lints_the_chart_strictly(arguments: tuple[str, ...]) -> None:
    chart, *flags = arguments
    answer = run_tool("helm", "lint", "--strict", str(CHARTS / chart), "--kube-version", KUBERNETES, *flags)
    assert answer.returncode == 0, answer.stdout + FOLLOWED_LINK.sub("", answer.stderr)


@each_rendered
def test_every_object_has_the_schema_of_its_kind(manifests: list[Manifest], schemas: str, tmp_path: Path) -> None:
    flags = ("-strict", "-summary", "-output", "json", "-schema-location", schemas)
    answer = run_tool("kubeconform", *flags, written(manifests, tmp_path))
    summary = json.loads(answer.stdout)
    assert summary["summary"] == {"valid": len(manifests), "invalid": 0, "errors": 0, "skipped": 0}, answer.stdout


def test_a_field_nobody_knows_has_no_schema(shop: list[Manifest], schemas: str, tmp_path: Path) -> None:
    for kind, place in (("Deployment", "strategyy"), ("VirtualService", "htttp")):
        wrong = dict(next(one for one in shop if one["kind"] == kind))
        wrong["spec"] = {**wrong["spec"], place: {}}
        answer = run_tool("kubeconform", "-strict", "-schema-location", schemas, written([wrong], tmp_path))
        assert place in answer.stdout


@each_deployed
def test_istioctl_finds_nothing_wrong(manifests: list[Manifest], tmp_path: Path) -> None:
    assert of_kind(manifests, "AuthorizationPolicy"), "there is nothing to look at"
    assert found_by_istioctl(manifests, tmp_path) == []


def test_a_subset_nobody_declares_is_found_by_istioctl(shop: list[Manifest], tmp_path: Path) -> None:
    undeclared = [one for one in shop if one["kind"] != "DestinationRule"]
    assert {one["code"] for one in found_by_istioctl(undeclared, tmp_path)} == {"IST0101"}


def found_by_istioctl(manifests: Sequence[Manifest], folder: Path) -> list[dict[str, Any]]:
    namespace = next(one["metadata"]["namespace"] for one in manifests if one["kind"] == "Service")
    ignored = [flag for code in ANALYZER_IGNORED for flag in ("--suppress", f"{code}=*")]
    flags = ("--use-kube=false", "-n", namespace, "-o", "json", *ignored)
    answer = run_tool("istioctl", "analyze", *flags, written(manifests, folder))
    # In JSON what is found does not let it fail; that it did not run does.
    assert answer.returncode == 0, answer.stderr
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found


@each_rendered
def test_every_pod_is_restricted_by_the_api_servers_own_rule(manifests: list[Manifest]) -> None:
    answer = run_own("restricted", stdin=json.dumps(pods(manifests)))
    assert (answer.returncode, answer.stdout) == (0, ""), answer.stdout + answer.stderr


def test_a_pod_that_may_become_root_is_found(shop: list[Manifest]) -> None:
    pod = pods(shop)[0]
    pod["spec"] = {**pod["spec"], "hostNetwork": True}
    answer = run_own("restricted", stdin=json.dumps([pod]))
    assert answer.returncode == 1
    assert "host namespaces" in answer.stdout


def remarks(manifests: Sequence[Manifest], folder: Path) -> list[str]:
    """What kube-score finds wrong."""
    ignored = [flag for check in KUBE_SCORE_IGNORED for flag in ("--ignore-test", check)]
    answer = run_tool("kube-score", "score", "--output-format", "ci", *ignored, written(manifests, folder))
    lines = answer.stdout.splitlines()
    # It fails alike where it has remarks and where it did not run; of what it has looked at it praises something.
    praised = {line.removeprefix("[OK] ") for line in lines if line.startswith("[OK] ") and ":" not in line}
    looked_at = of_kind(manifests, "Deployment", "StatefulSet", "Service", "Pod")
    assert {_place(one) for one in looked_at} <= praised, answer.stderr
    return [line for line in lines if line.startswith(("[WARNING]", "[CRITICAL]"))]


def _place(one: Manifest) -> str:
    """As kube-score names an object."""
    return f"{one['metadata']['name']}/{one['metadata']['namespace']} {one['apiVersion']}/{one['kind']}"


@each_deployed
def test_kube_score_has_nothing_left_to_say(manifests: list[Manifest], tmp_path: Path) -> None:
    said = remarks(manifests, tmp_path)
    assert [line for line in said if not any(allowed.fullmatch(line) for allowed in ALLOWED_REMARKS)] == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("image.tag=latest", "(program) Image with latest tag"),
        ("services.catalog.health=none", "readinessProbe"),
    ],
)
def test_kube_score_says_of_a_program_what_is_left_out_for_the_gateway(setting: str, said: str, tmp_path: Path) -> None:
    assert said in "\n".join(remarks(render("shop", "shop", "--set", setting), tmp_path))
