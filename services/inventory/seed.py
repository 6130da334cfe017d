"""The stock the shop opens with. Made from the product's id alone: inventory does not read the catalog."""

import hashlib
from collections.abc import Iterator

MATERIALS = ("oak", "walnut", "steel", "copper", "linen", "wool", "glass", "ceramic")
ARTICLES = (
    "chopping-board",
    "espresso-cup",
    "water-jug",
    "salad-bowl",
    "storage-jar",
    "serving-tray",
    "candle-holder",
    "place-mat",
    "fruit-basket",
    "desk-lamp",
    "wall-clock",
    "picture-frame",
    "side-table",
    "coat-rack",
    "magazine-stand",
    "pen-tray",
    "book-end",
    "letter-holder",
    "monitor-stand",
    "paper-weight",
    "soap-dish",
    "towel-rail",
    "tumbler",
    "storage-basket",
    "plant-pot",
    "watering-can",
    "bird-feeder",
)
LEAST, MOST = 40, 160


def stock() -> Iterator[tuple[str, int]]:
    """(product id, units) for every product of the assortment."""
    for article in ARTICLES:
        for material in MATERIALS:
            product = f"{material}-{article}"
            digest = hashlib.sha256(product.encode()).digest()
            yield product, LEAST + int.from_bytes(digest[:4]) % (MOST - LEAST)
