"""The charts, rendered by Helm. Without Go nothing here can be judged; in CI it must be."""

import pytest

from tests.chart.shipped import SHIPPED, Shipped
from tests.go import require_go
from tools.chart.render import Manifest, render


@pytest.fixture(scope="session", autouse=True)
def go() -> None:
    require_go()


@pytest.fixture(scope="session")
def shop() -> list[Manifest]:
    """All that `helm install shop helm/shop` sends, with what Prometheus and Grafana take."""
    return render("shop", "shop", "--set", "monitoring.enabled=true")


@pytest.fixture(scope="session", params=list(SHIPPED))
def both(request: pytest.FixtureRequest) -> Shipped:
    return SHIPPED[request.param]
