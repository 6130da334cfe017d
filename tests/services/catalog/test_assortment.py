"""What the shop opens with: enough products to page through, each of them plausible and in stock."""

import re

from services.catalog.seed import CURRENCY, products
from services.inventory.seed import stock
from services.wallet.seed import CURRENCY as ACCOUNT_CURRENCY
from services.wallet.seed import CUSTOMERS


def test_there_are_two_hundred_products_and_each_is_plausible() -> None:
    found = list(products())
    assert len(found) >= 200
    assert len({product.id for product in found}) == len({product.title for product in found}) == len(found)
    for product in found:
        assert re.fullmatch(r"[a-z][a-z-]{2,62}", product.id)
        assert product.title.istitle()
        assert product.description.endswith(".")
        assert 500 <= product.price_minor_units <= 50_000


def test_every_product_is_in_stock_and_nothing_else_is() -> None:
    units = dict(stock())
    assert set(units) == {product.id for product in products()}
    assert min(units.values()) > 0


def test_customers_can_pay_in_the_currency_of_the_prices() -> None:
    assert ACCOUNT_CURRENCY == CURRENCY
    assert max(CUSTOMERS.values()) > max(product.price_minor_units for product in products())
