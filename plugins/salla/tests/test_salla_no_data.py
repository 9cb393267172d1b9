"""Zero and no data: each form that the platform has, read and written."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("salla_no_data_cases", Path(__file__).with_name("no_data_cases.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
CASES = _MODULE.CASES


@pytest.mark.parametrize(("edit", "sku", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_form_of_a_figure_is_read_as_what_it_means(world, edit, sku, expected):
    async def run():
        async with world(records=4) as w:
            edit(w.sandbox.control)
            return [level.quantity for level in await w.read("stocklevel") if level.sku == sku]

    assert asyncio.run(run()) == [expected]


def test_no_data_is_never_written_and_a_zero_always_is(world):
    """A null changes nothing, not even the flag; nought ends unlimited."""

    async def run():
        async with world(records=4) as w:
            w.change("stock", sku="SKU-00001", quantity=9)
            w.change("stock", sku="SKU-00002", quantity=None)
            before = w.state()["products"]
            (nothing, zero) = await w.push(
                "stocklevel", {"sku": "SKU-00001", "quantity": None}, {"sku": "SKU-00002", "quantity": 0}
            )
            return nothing, zero, before, w.state()["products"]

    nothing, zero, before, after = asyncio.run(run())
    assert nothing.result == "skipped"
    assert zero.result == "delivered"
    assert before[0]["stock"] == after[0]["stock"]
    assert after[1]["stock"]["unlimited"] is False
    assert set(after[1]["stock"]["by_branch"].values()) == {0}
