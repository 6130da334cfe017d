"""What a product is, and the order in which a list shows them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


class ProductNotFoundError(Exception):
    """No product has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} does not exist")
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """`id` is the last part of the name `products/{id}`."""

    id: str
    title: str
    description: str
    category: str
    price_minor_units: int
    currency_code: str

    @property
    def name(self) -> str:
        return f"products/{self.id}"


Ranking = Callable[[Sequence[Product], tuple[str, ...]], list[Product]]


def by_name(found: Sequence[Product], _: tuple[str, ...]) -> list[Product]:
    return sorted(found, key=lambda product: product.id)


def by_relevance(found: Sequence[Product], words: tuple[str, ...]) -> list[Product]:
    """Most words in the title first, then by name."""

    def missed(product: Product) -> int:
        return sum(word not in product.title.lower() for word in words)

    return sorted(found, key=lambda product: (missed(product), product.id))


RANKINGS: dict[str, Ranking] = {"name": by_name, "relevance": by_relevance}


def matching(products: Sequence[Product], words: tuple[str, ...], category: str) -> list[Product]:
    """Products whose title or description holds every word (lower case), of the category if there is one."""
    return [
        product
        for product in products
        if (not category or product.category == category)
        and all(word in f"{product.title} {product.description}".lower() for word in words)
    ]
