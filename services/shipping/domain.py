"""What a shipment is, and where the shop delivers."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

SERVED_COUNTRIES = frozenset(
    (
        "AT",
        "BE",
        "BG",
        "CH",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GB",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    )
)


class ShipmentState(StrEnum):
    ARRANGED = "arranged"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    recipient: str
    street: str
    postal_code: str
    city: str
    country_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """One cancelled before it was arranged has neither order nor address."""

    id: str
    order: str
    address: Address | None
    state: ShipmentState

    @property
    def tracking_code(self) -> str:
        return "LM" + hashlib.sha256(self.id.encode()).hexdigest()[:10].upper()


class ShipmentNotFoundError(Exception):
    """There is no shipment of this name."""

    def __init__(self, shipment: str) -> None:
        super().__init__(f"shipments/{shipment} does not exist")
        self.name = f"shipments/{shipment}"


class CountryNotServedError(Exception):
    """Nobody delivers there."""

    def __init__(self, country_code: str) -> None:
        super().__init__(f"the shop does not deliver to {country_code}")
        self.country_code = country_code


def check_served(address: Address) -> None:
    """Raises CountryNotServedError."""
    if address.country_code not in SERVED_COUNTRIES:
        raise CountryNotServedError(address.country_code)
