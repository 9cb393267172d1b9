"""Laws of records that have another id on each side: what one flow of a pair made, the other does not make again."""

from __future__ import annotations

from collections.abc import Sequence

from pullpush_sdk.connector import Delivery, Outcome

from .bench import Bench, flow_of, order

__all__ = ["LAWS"]

_THERE = flow_of("order", readers=("erp-to-shop",), opposite="erp-to-shop")
_BACK = flow_of(
    "order", name="erp-to-shop", source="erp", destination="shop", readers=(_THERE.name,), opposite=_THERE.name
)


async def _made(bench: Bench, original: str, id_: str) -> None:
    """Write an order of the shop to the ERP, which gives it an id of its own."""

    async def push(_kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return [Outcome.delivered(native_id=f"gid://erp/Order/{id_}") for _ in batch]

    await bench.append(_THERE, order(original, "pending", 1))
    await bench.engine.drain(_THERE, push)


async def what_the_opposite_flow_made_is_not_made_again(bench: Bench) -> None:
    """An event of a record that has the id which the other flow's write returned is our own, also after a crash."""
    await _made(bench, "1", "900")
    await bench.crash()
    assert (await bench.append(_BACK, order("900", "pending", 5))).unchanged == 1
    await bench.drain(_BACK)
    assert not bench.destination.writes


async def a_status_of_it_goes_back_to_the_original(bench: Bench) -> None:
    """As a change of the record that it was made from, by that one's id; the rest stays as it is there."""
    await _made(bench, "1", "900")
    await bench.append(_BACK, order("900", "completed", 6, note="entered by hand"))

    async def push(_kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        written.extend((each.native_id, dict(each.payload)) for each in batch)
        return [Outcome.delivered() for _ in batch]

    written: list[tuple[str | None, dict[str, object]]] = []
    await bench.engine.drain(_BACK, push)
    assert written == [("1", {"orderId": "1", "status": "completed"})]
    assert (await bench.append(_THERE, order("1", "completed", 7))).unchanged == 1, "its echo is told by the original"
    assert (await bench.append(_BACK, order("900", "completed", 8))).waiting == 0, "it was said before"


async def a_record_of_the_same_id_as_an_original_is_another_one(bench: Bench) -> None:
    """Both sides count from one: an id says which record it is only together with its side."""
    await _made(bench, "1", "900")
    await bench.append(_BACK, order("1", "pending", 5))
    await bench.drain(_BACK)
    assert [write.key for write in bench.destination.writes] == ["1"]


LAWS = (
    what_the_opposite_flow_made_is_not_made_again,
    a_status_of_it_goes_back_to_the_original,
    a_record_of_the_same_id_as_an_original_is_another_one,
)
