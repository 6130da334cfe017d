"""Changes to a list of filters or routes, all by one set of rules."""

from collections.abc import Sequence
from typing import TypeVar

from loopmesh.model.patch import Operation

Item = TypeVar("Item")


def edited(items: Sequence[Item], operation: Operation, value: Item, meant: Sequence[bool] | None) -> list[Item]:
    """The list after the operation. `meant` says of each item whether the match names it, None that it names none.

    Without a name INSERT_BEFORE puts the value first, INSERT_AFTER last, and REPLACE and REMOVE do nothing. With one
    the first item meant counts, for REMOVE all of them.
    """
    if operation is Operation.ADD or (operation is Operation.INSERT_AFTER and meant is None):
        return [*items, value]
    if operation is Operation.INSERT_FIRST or (operation is Operation.INSERT_BEFORE and meant is None):
        return [value, *items]
    if meant is None or True not in meant:
        return list(items)
    place = meant.index(True)
    if operation is Operation.INSERT_BEFORE:
        return [*items[:place], value, *items[place:]]
    if operation is Operation.INSERT_AFTER:
        return [*items[: place + 1], value, *items[place + 1 :]]
    if operation is Operation.REPLACE:
        return [*items[:place], value, *items[place + 1 :]]
    if operation is Operation.REMOVE:
        return [item for item, is_meant in zip(items, meant, strict=True) if not is_meant]
    return list(items)


def named(items: Sequence[object], name: str | None) -> list[bool] | None:
    """Which items have the name; None where there is no name to look for."""
    return None if name is None else [getattr(item, "name", None) == name for item in items]
