"""`make kind`: a cluster in containers of this machine with Istio and the shop, and the tests on it.

`make kind-down` ends it.
"""

import socket
from collections.abc import Iterator
from typing import Any

import yaml

from tools.images.building import IMAGES, build_images, local_tag
from tools.images.engine import ROOT, Engine
from tools.kube.applications import TESTED, build_tested, shop
from tools.kube.cluster import Context, KubeError, check_ready, contexts
from tools.kube.istio import Charts
from tools.kube.programs import complaints_of, find_missing, require
from tools.kube.provider import Provider, find_providers
from tools.kube.steps import Step, install_istio, install_shop, run_tests, take

CONFIG = ROOT / "helm" / "kind.yaml"
VALUES = ROOT / "helm" / "kind-values.yaml"
NEXT = """\
The shop runs on kind: {edge}

  curl -s {edge}/v1/products/oak-tumbler
  kubectl --context {context} -n shop get pods
  kubectl --context {context} -n shop logs -l app=orders -c program
  make kind        # again, after a change; the cluster is kept
  make kind-down"""


def deploy_to_kind(pytest: list[str]) -> None:
    """Raises KubeError and ImageError."""
    providers, complaints = find_providers()
    programs = find_missing("kind", "helm", "kubectl")
    require([*([] if providers else complaints), *programs, *complaints_of(Charts.find)])
    take(_steps(providers[0], Charts.find(), pytest))
    print(NEXT.format(edge=edge(), context=_context().name))


def end_kind() -> None:
    """In every engine that answers, whichever it was made in. Raises KubeError."""
    providers, complaints = find_providers()
    require([*([] if providers else complaints), *find_missing("kind")])
    for provider in providers:
        provider.kind("delete", "cluster", "--name", _name(), shown=True)


def edge() -> str:
    """Where kind's node has the edge on this machine, by kind.yaml."""
    return f"http://{_mapping()['listenAddress']}:{_mapping()['hostPort']}"


def _mapping() -> dict[str, Any]:
    (node,) = yaml.safe_load(CONFIG.read_text())["nodes"]
    (mapping,) = node["extraPortMappings"]
    return dict(mapping)


def _name() -> str:
    return str(yaml.safe_load(CONFIG.read_text())["name"])


def _context() -> Context:
    return Context(f"kind-{_name()}")


def _steps(provider: Provider, charts: Charts, pytest: list[str]) -> Iterator[Step]:
    cluster = _context()
    is_there = provider.has(_name())
    if is_there:
        _check_cluster(provider, cluster)
    else:
        yield "create the cluster", lambda: _create(provider)
    yield from install_istio(cluster, charts)
    yield "build the images", lambda: _build(provider.engine)
    images = [local_tag(name) for name in (*IMAGES, *TESTED)]
    yield "load the images", lambda: provider.load(_name(), images)
    yield from install_shop(cluster, shop("--values", str(VALUES)), renew=is_there)
    yield from run_tests(cluster, {"EDGE": edge()}, pytest)


def _create(provider: Provider) -> None:
    try:
        provider.kind("create", "cluster", "--config", str(CONFIG), "--wait", "180s", shown=True)
    except KubeError:
        _check_port()
        raise


def _build(engine: Engine) -> None:
    build_images(engine)
    build_tested(engine)


def _check_port() -> None:
    address, port = _mapping()["listenAddress"], _mapping()["hostPort"]
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((address, port))
        except OSError as error:
            raise KubeError(
                f"the edge cannot be at {address}:{port} ({error.strerror}): end what listens there, "
                f"or say another hostPort in {CONFIG.relative_to(ROOT)}"
            ) from error


def _check_cluster(provider: Provider, cluster: Context) -> None:
    """That one of this name that is there already is ours and runs."""
    node, mapping = f"{_name()}-control-plane", _mapping()
    place = f"{mapping['listenAddress']}:{mapping['hostPort']}"
    if place not in provider.published(node, mapping["containerPort"]):
        raise KubeError(
            f"the cluster {_name()} is there, but its edge is not at {place}: its node is stopped "
            f"(`{provider.engine.name} start {node}` starts it), or is none of {CONFIG.relative_to(ROOT)} "
            "(`make kind-down` ends it)"
        )
    if cluster.name not in contexts():
        provider.kind("export", "kubeconfig", "--name", _name())
    check_ready(cluster)
