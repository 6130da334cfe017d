"""A saga's world in memory: steps with effects that can be counted and may refuse, and a journal that crashes."""

from collections.abc import Awaitable, Callable

from services.orders.domain import Address, CancelReason, Failure, Placement, RequestedLine
from services.orders.saga import Action

REFUSED = Failure(reason=CancelReason.SHIPPING_REFUSED, message="nobody delivers there")


class Crash(BaseException):
    """The process is gone: nothing of the saga may catch it."""


def placement(order_id: str = "1", account: str = "accounts/ada") -> Placement:
    return Placement(
        name=f"orders/{order_id}",
        account=account,
        lines=(
            RequestedLine(product="products/lamp", quantity=2),
            RequestedLine(product="products/pen", quantity=1),
        ),
        address=Address(
            recipient="Ada", street="Dorotheenstr. 1", postal_code="10117", city="Berlin", country_code="DE"
        ),
    )


class ScriptedSteps:
    """Idempotent as the real ones: an effect is there or not, however often its step runs. `ran` lists every run."""

    def __init__(self, refusing: str = "") -> None:
        self.refusing = refusing
        self.ran: list[str] = []
        self.effects: set[str] = set()
        self.ended = ""

    async def open_order(self, placement: Placement) -> None:
        self.ran.append("open_order")

    async def price_order(self, placement: Placement) -> Failure | None:
        return self._try("price_order", "priced")

    async def reserve_stock(self, placement: Placement) -> Failure | None:
        return self._try("reserve_stock", "stock held")

    async def release_stock(self, placement: Placement) -> None:
        self._undo("release_stock", "stock held")

    async def debit_account(self, placement: Placement) -> Failure | None:
        return self._try("debit_account", "money taken")

    async def refund_account(self, placement: Placement) -> None:
        self._undo("refund_account", "money taken")

    async def arrange_shipment(self, placement: Placement) -> Failure | None:
        return self._try("arrange_shipment", "shipment arranged")

    async def cancel_shipment(self, placement: Placement) -> None:
        self._undo("cancel_shipment", "shipment arranged")

    async def commit_stock(self, placement: Placement) -> None:
        self.ran.append("commit_stock")
        self.effects.add("stock committed")

    async def confirm_order(self, placement: Placement) -> None:
        self.ran.append("confirm_order")
        self.ended = "confirmed"

    async def cancel_order(self, placement: Placement, failure: Failure) -> None:
        self.ran.append("cancel_order")
        self.ended = f"cancelled: {failure.message}"

    def _try(self, step: str, effect: str) -> Failure | None:
        self.ran.append(step)
        if step == self.refusing:
            return REFUSED
        self.effects.add(effect)
        return None

    def _undo(self, step: str, effect: str) -> None:
        self.ran.append(step)
        self.effects.discard(effect)


class Journal:
    """Keeps the results of steps in order, as DBOS does, and crashes once, just before or after the step whose number
    is `crash_at`."""

    def __init__(self, crash_at: int = -1, after_effect: bool = False) -> None:
        self.kept: list[tuple[str, Failure | None]] = []
        self.crash_at = crash_at
        self.after_effect = after_effect

    def replay(self) -> Callable[[Action, Placement], Awaitable[Failure | None]]:
        position = 0

        async def durably(action: Action, placement: Placement) -> Failure | None:
            nonlocal position
            if position == len(self.kept):
                await self._run(action, placement)
            name, result = self.kept[position]
            assert name == action.__name__, "a saga taken up again must run the same steps"
            position += 1
            return result

        return durably

    async def _run(self, action: Action, placement: Placement) -> None:
        crashing = len(self.kept) == self.crash_at
        if crashing:
            self.crash_at = -1
        if crashing and not self.after_effect:
            raise Crash
        result = await action(placement)
        if crashing:
            raise Crash
        self.kept.append((action.__name__, result))
