"""What would install and then not work is refused by the chart, in the words of `mesh up` where it refuses it, too."""

import re

import pytest

from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import read_application
from tools.chart.go_tools import ROOT
from tools.chart.render import ChartError, of_kind, render

SERVICES = ("catalog", "inventory", "wallet", "shipping", "orders")
INVALID = ROOT / "tests" / "policies" / "values_invalid"
REFUSED_BY_BOTH = INVALID / "chart.yaml"
REFUSED_BY_THE_SCHEMA = INVALID / "schema.yaml"
OF_THE_SCHEMA = re.compile(r"- at '/(.*)': (?!validation failed)")
MISTAKES = {
    "services.catalog.versions.v1.replicas=-1": "minimum",
    "services.catalog.versions.v1.replicas=two": "got string, want integer",
    "services.catalog.ports.grpc=70000": "maximum",
    "services.Catalog.ports.grpc=1": "does not match pattern",
    "services.catalog.health=ping": "does not match pattern",
    "services.catalog.env.N=9007199254740993": "services.catalog.env: `N` is text, or a number that Helm keeps",
    "services.catalog.versions.v1.env.N=-9007199254740993": "`N` is text, or a number that Helm keeps as it is written",
    "image.digest=latest": "does not match pattern",
    "image.pullPolicy=Sometimes": "must be one of 'Always', 'IfNotPresent', 'Never'",
    "postgresql.bundeld=true": "additional properties 'bundeld' not allowed",
    "services.orders.versions.v2.replicas=1": "a stateful service has one version on Kubernetes",
    "postgresql=null": "keeps data: set postgresql.bundled=true",
    "image.repository=null": "no image: set image.repository",
    "postgresql.bundled=false": "services.wallet keeps data: set postgresql.bundled=true",
    "postgresql.urlSecret=urls": "`bundled` and `urlSecret` are two databases",
    "services=null": "`services` has at least one service",
    "namespace=null": "`namespace` is required",
    "services.catalog.command=null": "catalog.versions.v1: neither the service nor the version has a `command`",
    "services.catalog.podLabels.version=v9": "services.catalog.podLabels: every instance has its own `version`",
    "services.catalog.podLabels.sidecar\\.istio\\.io/inject=no": "every instance has its own `sidecar.istio.io/inject`",
    "services.catalog.podAnnotations.kubectl\\.kubernetes\\.io/default-container=a": "every pod has its own",
    "gateways.edge.podAnnotations.inject\\.istio\\.io/templates=a": "every pod has its own",
    "gateways.edge.labels.app=catalog": "gateways.edge.labels: by `app: catalog` the pods of another are found",
    "gateways.catalog.labels.istio=edge": "gateways: `catalog` is a service too; rename one of the two",
    "gateways.postgresql.labels.istio=edge": "`postgresql` is what the bundled database is called",
    "services.wallet.name=orders-instances": "`orders-instances` is what the instances of the stateful orders",
    "services.wallet.autoscaling.minReplicas=9": "of `autoscaling` minReplicas, 9, is more than maxReplicas, 4",
    "services.wallet.labels.a=b c": "does not match pattern",
    "gateways.edge.labels.a b=c": "does not match pattern",
    "services.wallet.ports.http-=1": "does not match pattern",
    "services.wallet.command={python,}": "minLength",
    "monitoring.labels.release=a b": "does not match pattern",
    "gateways.edge.service.ports[0].name=http-of-the-edge": "maxLength",
    "gateways.edge.service.ports[0].name=http--a": "does not match pattern",
    "services.wallet.ports.udp-a=1": "the name says the protocol, as in Istio, and `udp-a` is none of",
}


@pytest.mark.parametrize(("setting", "said"), MISTAKES.items())
def test_a_mistake_in_the_values_is_refused_with_what_is_wrong(setting: str, said: str) -> None:
    with pytest.raises(ChartError, match=re.escape(said)):
        render("shop", "shop", "--set", setting)


def test_all_mistakes_are_told_at_once_and_in_the_words_of_mesh_up() -> None:
    with pytest.raises(InvalidInputError) as here:
        read_application(REFUSED_BY_BOTH)
    with pytest.raises(ChartError) as there:
        render("application", "shop", "-f", str(REFUSED_BY_BOTH))
    rules = {f"{problem.rule}; {problem.remedy}" for problem in here.value.problems}
    assert {rule for rule in rules if rule not in str(there.value)} == set()
    said = [line for line in str(there.value).splitlines() if ": " in line and "; " in line]
    assert len(said) == len(here.value.problems)


def test_what_the_schema_refuses_mesh_up_refuses_at_the_same_places() -> None:
    with pytest.raises(InvalidInputError) as here:
        read_application(REFUSED_BY_THE_SCHEMA)
    with pytest.raises(ChartError) as there:
        render("application", "shop", "-f", str(REFUSED_BY_THE_SCHEMA))
    ours = {problem.value.partition(":")[0] for problem in here.value.problems}
    theirs = {place.replace("/", ".") for place in OF_THE_SCHEMA.findall(str(there.value))}
    assert {place for place in theirs if not place.startswith(tuple(ours))} == set()
    assert {place for place in ours if not any(one.startswith(place) for one in theirs)} == set()


def test_images_said_by_each_service_leave_only_helm_test_without_one() -> None:
    each = ",".join(f"services.{name}.image.repository=localhost/{name}" for name in SERVICES)
    with pytest.raises(ChartError) as refused:
        render("shop", "shop", "--set", f"image=null,{each}")
    assert "services." not in str(refused.value)
    assert "tests[0]: no image: set image.repository, or tests[0].image.repository, to one with python" in str(
        refused.value
    )
    asked = ",".join(f"tests[{number}].image.repository=localhost/python" for number in range(2))
    urls = ",".join(f"tests[{number}].url=http://edge.shop/" for number in range(2))
    shipped = render("shop", "shop", "--set", f"image=null,{each},{asked},{urls}")
    asking = [one["spec"]["containers"][0]["image"] for one in of_kind(shipped, "Pod")]
    assert asking == ["localhost/python:0.1.0"] * 2
