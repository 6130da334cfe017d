"""What the edge of this machine refuses and Istio's gateway lets through: see docs/guides/kubernetes.md."""

from tests.e2e.shop_client import ask
from tests.targets.target import Application


def test_headers_with_underscores_are_refused(shop_anywhere: Application) -> None:
    assert ask(f"{shop_anywhere.edge}/v1/products/oak-tumbler", x_catalog_version="v2").status == 400
