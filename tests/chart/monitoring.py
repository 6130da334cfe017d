"""Prometheus itself, reading what the proxies of a running mesh count, by the chart's own relabelings and rules."""

import json
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from loopmesh.testing.mesh_process import MeshProcess
from tests.observing import wait_for
from tests.serving import Handler, serving
from tools.chart.go_tools import ROOT

MONITORING = ROOT / "helm" / "application" / "monitoring"
RULES = MONITORING / "rules.yaml"
DASHBOARDS = sorted((MONITORING / "dashboards").glob("*.json"))
CAPITAL = re.compile(r"([A-Z])")
START_S = 30


def dashboard(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def expressions() -> list[str]:
    """Of all panels of all dashboards, for every destination, and the names of what the rules record."""
    panels = [panel for path in DASHBOARDS for panel in dashboard(path)["panels"]]
    shown = [target["expr"].replace("$destination", ".+") for panel in panels for target in panel["targets"]]
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return shown + [rule["record"] for group in groups for rule in group["rules"] if "record" in rule]


class Asked(Protocol):
    """A Prometheus, wherever it runs."""

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series an expression gives now."""


def wait_for_series(prometheus: Asked, query: str) -> list[dict[str, Any]]:
    """What it finds; fails when it goes on finding nothing."""
    return wait_for(f"something for {query}", lambda: prometheus.query(query))


def snake_case(relabeling: Mapping[str, Any]) -> dict[str, Any]:
    """As Prometheus' own configuration spells what its operator takes."""
    return {CAPITAL.sub(lambda found: f"_{found[1].lower()}", key): value for key, value in relabeling.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series an expression gives now. Raises urllib's HTTPError for one that is wrong."""
        asked = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{asked}", timeout=10) as answer:  # noqa: S310 - loopback
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found


@contextmanager
def statistics_server(mesh: MeshProcess) -> Iterator[int]:
    """The port where `mesh metrics` is answered by HTTP."""

    class Statistics(Handler):
        def do_GET(self) -> None:
            self.reply(mesh.command("metrics").encode(), headers={"content-type": "text/plain; version=0.0.4"})

    with serving(Statistics) as port:
        yield port


@contextmanager
def running_prometheus(binary: Path, folder: Path, target_port: int) -> Iterator[Prometheus]:
    relabelings = [snake_case(one) for one in yaml.safe_load((MONITORING / "relabelings.yaml").read_text())]
    job = {
        "job_name": "mesh",
        "static_configs": [{"targets": [f"127.0.0.1:{target_port}"]}],
        "metric_relabel_configs": relabelings,
    }
    config = {
        "global": {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [job],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = (
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([binary, *arguments], stdout=log, stderr=log)
    try:
        _wait_until_ready(port, folder / "log", process)
        yield Prometheus(url=f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(port: int, log: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.05)
