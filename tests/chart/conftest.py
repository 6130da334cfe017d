"""The charts, rendered by Helm. Without Go nothing here can be judged; in CI it must be."""

import pytest

from tests.go import require_go
from tools.chart.go_tools import ROOT
from tools.chart.render import Manifest, render

FOREIGN = ROOT / "tests" / "e2e" / "foreign" / "values.yaml"


@pytest.fixture(scope="session", autouse=True)
def go() -> None:
    require_go()


@pytest.fixture(scope="session")
def shop() -> list[Manifest]:
    """All that `helm install shop helm/shop` sends, with what Prometheus and Grafana take."""
    return render("shop", "shop", "--set", "monitoring.enabled=true")


@pytest.fixture(scope="session")
def foreign() -> list[Manifest]:
    """Somebody else's values file, as `mesh up` takes it, through the same templates."""
    return render("application", "lab", "-f", str(FOREIGN), "--set", "image.repository=localhost/lab")
