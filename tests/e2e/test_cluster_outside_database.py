"""On a cluster: a database for which Istio has no Service, reached as the guide says by a service that migrates it."""

import json
from collections.abc import Iterator

import pytest
import yaml

from tests.docs.test_guides import FILE, GUIDES
from tests.observing import wait_for
from tests.targets.kube import end_callers, kubectl, start_caller
from tests.targets.target import Application

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
OUTSIDE = "outside"


@pytest.fixture
def address() -> Iterator[str]:
    """Of a pod without a sidecar and without a Service, with a role and a database for catalog."""
    template = json.loads(kubectl("-n", "shop", "get", "statefulset", "postgresql", "-o", "json"))["spec"]["template"]
    spec = template["spec"]
    spec["volumes"].append({"name": "data", "emptyDir": {}})
    labels = {"sidecar.istio.io/inject": "false"}
    roles = {"name": "postgresql-roles", "namespace": OUTSIDE}
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OUTSIDE}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": roles, "stringData": {"roles": "catalog secret\n"}},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "database", "namespace": OUTSIDE, "labels": labels},
            "spec": spec,
        },
    ]
    kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    try:
        kubectl("-n", OUTSIDE, "wait", "--for=condition=Ready", "pod/database", "--timeout=120s")
        yield kubectl("-n", OUTSIDE, "get", "pod", "database", "-o", "jsonpath={.status.podIP}")
    finally:
        kubectl("delete", "namespace", OUTSIDE, "--wait=false")


def test_a_service_reaches_a_database_outside_once_it_is_declared(shop_anywhere: Application, address: str) -> None:
    pod = start_caller("shop", "catalog")
    policy = declared(address)
    try:
        with pytest.raises(AssertionError, match="server closed the connection unexpectedly"):
            migrate(pod, address)
        kubectl("apply", "-f", "-", stdin=policy)
        wait_for("a migrated database", lambda: is_migrated(pod, address), timeout_s=60)
    finally:
        kubectl("delete", "--ignore-not-found", "-f", "-", stdin=policy)
        end_callers()


def declared(address: str) -> str:
    """The guide's policy, for a server that has an address only."""
    policy = yaml.safe_load(dict(FILE.findall((GUIDES / "kubernetes.md").read_text()))["database.yaml"])
    return yaml.safe_dump({**policy, "spec": {**policy["spec"], "addresses": [f"{address}/32"], "resolution": "NONE"}})


def migrate(pod: str, address: str) -> None:
    """As a pod of catalog does before it starts."""
    url = f"DATABASE_URL=postgresql://catalog:secret@{address}:5432/catalog"
    program = ("timeout", "60", "python", "-m", "services.catalog", "migrate")
    kubectl("-n", "shop", "exec", pod, "-c", "program", "--", "env", url, *program)


def is_migrated(pod: str, address: str) -> bool:
    try:
        migrate(pod, address)
    except AssertionError:
        return False
    return True
