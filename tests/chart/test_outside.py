"""A database and a collector outside the cluster: the policies of the guide let the shop reach them."""

from pathlib import Path

import pytest

from loopmesh.simulate import Request, Verdict
from loopmesh.simulate.request import STREAM
from tests.docs.test_guides import FILE, GUIDES
from tests.simulate.compiled_mesh import shares, shop
from tools.chart.render import of_kind, render

SHOWN = dict(FILE.findall((GUIDES / "kubernetes.md").read_text()))
DATABASE = Request(authority="db.example.com:5432", path="", method=STREAM)
SPANS = Request.grpc("collector.example.com:4317", "/opentelemetry.proto.collector.trace.v1.TraceService/Export")


@pytest.mark.parametrize(("policy", "asked"), [("database.yaml", DATABASE), ("collector.yaml", SPANS)])
def test_a_host_outside_is_reached_with_the_policy_of_the_guide_only(policy: str, asked: Request) -> None:
    assert shares(shop(SHOWN[policy]).call("catalog", asked)) == {Verdict.LEAVES: 100}
    assert Verdict.LEAVES not in shares(shop().call("catalog", asked))


def test_they_go_along_with_the_chart(tmp_path: Path) -> None:
    for name, content in SHOWN.items():
        (tmp_path / name).write_text(content)
    files = ",".join(f"policies.{Path(name).stem}={tmp_path / name}" for name in SHOWN)
    settings = "postgresql.bundled=false,postgresql.urlSecret=shop-databases"
    settings += ",tracing.endpoint=http://collector.example.com:4317"
    shipped = render("shop", "shop", "--set", settings, "--set-file", files)
    hosts = {one["metadata"]["name"]: one["spec"]["hosts"] for one in of_kind(shipped, "ServiceEntry")}
    assert hosts == {"database": ["db.example.com"], "collector": ["collector.example.com"]}
    for one in of_kind(shipped, "Deployment"):
        if "version" in one["metadata"]["labels"]:
            (migration,) = one["spec"]["template"]["spec"]["initContainers"]
            told = {variable["name"]: variable for variable in migration["env"]}
            assert told["DATABASE_URL"]["valueFrom"]["secretKeyRef"]["name"] == "shop-databases"
            assert told["OTEL_EXPORTER_OTLP_ENDPOINT"]["value"] == "http://collector.example.com:4317"
