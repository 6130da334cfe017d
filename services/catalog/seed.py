"""The assortment the shop opens with: plausible, and the same on every machine."""

from collections.abc import Iterator
from dataclasses import dataclass

CURRENCY = "EUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedProduct:
    id: str
    title: str
    description: str
    category: str
    price_minor_units: int


MATERIALS = (
    ("oak", "Oak", 120),
    ("walnut", "Walnut", 160),
    ("steel", "Steel", 100),
    ("copper", "Copper", 150),
    ("linen", "Linen", 90),
    ("wool", "Wool", 130),
    ("glass", "Glass", 80),
    ("ceramic", "Ceramic", 85),
)
"""Id, word, and percent of the base price."""
ARTICLES = (
    ("kitchen", "chopping-board", "Chopping Board", 2900, "wide enough for a loaf, with a groove for the juice"),
    ("kitchen", "espresso-cup", "Espresso Cup", 1200, "thick-walled, holds 60 ml and the heat"),
    ("kitchen", "water-jug", "Water Jug", 3400, "pours without dripping, holds a litre and a half"),
    ("kitchen", "salad-bowl", "Salad Bowl", 3900, "for six, and deep enough to toss in"),
    ("kitchen", "storage-jar", "Storage Jar", 1800, "closes tight and stacks"),
    ("table", "serving-tray", "Serving Tray", 4200, "with handles that stay put"),
    ("table", "candle-holder", "Candle Holder", 1600, "stands straight on uneven tables"),
    ("table", "place-mat", "Place Mat", 1100, "wipes clean and lies flat"),
    ("table", "fruit-basket", "Fruit Basket", 3300, "lets air to the fruit"),
    ("living", "desk-lamp", "Desk Lamp", 8900, "with an arm that holds its height"),
    ("living", "wall-clock", "Wall Clock", 6400, "without a tick"),
    ("living", "picture-frame", "Picture Frame", 2400, "for a sheet of A4"),
    ("living", "side-table", "Side Table", 14900, "light enough to carry with one hand"),
    ("living", "coat-rack", "Coat Rack", 7900, "with five hooks that hold a winter coat each"),
    ("living", "magazine-stand", "Magazine Stand", 5200, "keeps a year of magazines upright"),
    ("office", "pen-tray", "Pen Tray", 1900, "keeps pens from rolling"),
    ("office", "book-end", "Book End", 2100, "heavy enough for dictionaries"),
    ("office", "letter-holder", "Letter Holder", 2300, "sorts what came from what goes"),
    ("office", "monitor-stand", "Monitor Stand", 5900, "lifts a screen by 11 cm"),
    ("office", "paper-weight", "Paper Weight", 1500, "holds a draft against the draught"),
    ("bath", "soap-dish", "Soap Dish", 1300, "lets the soap dry"),
    ("bath", "towel-rail", "Towel Rail", 4600, "for two towels"),
    ("bath", "tumbler", "Tumbler", 1400, "for two toothbrushes"),
    ("bath", "storage-basket", "Storage Basket", 2800, "for what has no place yet"),
    ("garden", "plant-pot", "Plant Pot", 2600, "with a saucer, for indoors and out"),
    ("garden", "watering-can", "Watering Can", 3700, "with a long spout, holds two litres"),
    ("garden", "bird-feeder", "Bird Feeder", 3100, "keeps seeds dry"),
)


def products() -> Iterator[SeedProduct]:
    """216 products: every article in every material."""
    for category, article, title, base, description in ARTICLES:
        for material, word, percent in MATERIALS:
            yield SeedProduct(
                id=f"{material}-{article}",
                title=f"{word} {title}",
                description=f"{title} of {word.lower()}, {description}.",
                category=category,
                price_minor_units=base * percent // 100,
            )
