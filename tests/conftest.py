"""Where the end-to-end tests run, on a mesh of this machine or on a cluster that has the application already, and which
worker runs what."""

import signal

import pytest

from tests.scheduling import ByFileAndBacking, place_in_queue

LOCAL, KUBE = "local", "kube"

# In the background of a script SIGINT is ignored, also by every program started from there.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--target", choices=(LOCAL, KUBE), default=LOCAL, help="kube: the cluster KUBECTL reaches, see `make test-kube`"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "both_targets: also runs on a cluster, with --target kube")
    config.addinivalue_line("markers", "cluster: runs on a cluster only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a cluster only those tests run that ask nothing of `mesh` itself. Workers have the longest first."""
    on_cluster = config.getoption("--target") == KUBE
    unwanted = [item for item in items if not _belongs(item, on_cluster=on_cluster)]
    config.hook.pytest_deselected(items=unwanted)
    items[:] = [item for item in items if item not in unwanted]
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: place_in_queue(item.nodeid))


def _belongs(item: pytest.Item, *, on_cluster: bool) -> bool:
    if item.get_closest_marker("cluster"):
        return on_cluster
    return not on_cluster or item.get_closest_marker("both_targets") is not None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFileAndBacking:
    config.option.loadscopereorder = False
    return ByFileAndBacking(config, log)
