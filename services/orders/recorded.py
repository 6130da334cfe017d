"""What DBOS keeps of an order's saga, as JSON. Enters and leaves: placements and failures. Never: pickles, which would
tie what is kept to names in today's code."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from services.orders.domain import Address, CancelReason, Failure, Placement, RequestedLine


def placement_to_json(placement: Placement) -> dict[str, Any]:
    return asdict(placement)


def placement_from_json(kept: Mapping[str, Any]) -> Placement:
    return Placement(
        name=kept["name"],
        account=kept["account"],
        lines=tuple(RequestedLine(**line) for line in kept["lines"]),
        address=Address(**kept["address"]),
    )


def failure_to_json(failure: Failure | None) -> dict[str, Any] | None:
    return None if failure is None else asdict(failure)


def failure_from_json(kept: Mapping[str, Any] | None) -> Failure | None:
    if kept is None:
        return None
    return Failure(reason=CancelReason(kept["reason"]), message=kept["message"])
