"""Unknown is never a number, and a zero is never unknown: as a source and as a destination."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from pullpush_sdk.connector import Result

_PATH = Path(__file__).with_name("no_data_cases.py")
_SPEC = importlib.util.spec_from_file_location("linnworks_no_data_cases", _PATH)
_TABLE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_TABLE)
CASES, DEFAULT = _TABLE.CASES, _TABLE.DEFAULT


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("sparse", ["false", "true"])
def test_each_form_of_no_data_is_null_and_each_zero_is_zero(play, case, sparse):
    """The platform's optional fields may be missing."""
    name, edit, sku, expected = case

    async def scenario(account):
        edit(account.sandbox.control)
        events, rejects, _ = await account.pull("stocklevel")
        assert not rejects
        rows = [e.record for e in events if (e.record.sku, e.record.location_id) == (sku, DEFAULT)]
        assert [each.quantity for each in rows] in ([[expected]] if expected is not None else [[None], []]), name

    play(scenario, records=8, extra={"sparse": sparse})


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_a_null_is_never_written(play, case):
    """Whatever the destination's level is."""
    name, edit, sku, _ = case

    async def scenario(account):
        edit(account.sandbox.control)
        (outcome,) = await account.push("stocklevel", {"sku": sku, "quantity": None, "locationId": DEFAULT})
        assert outcome.result is Result.SKIPPED, name
        assert not await account.calls("SetStockLevel")

    play(scenario, records=8)


@pytest.mark.parametrize(
    ("sku", "location", "words"),
    [
        ("LW-0002", DEFAULT, "not tracked"),
        ("LW-0007", DEFAULT, "composite"),
        ("LW-0000", "22222222-2222-4222-8222-222222222222", "keeps no stock"),
    ],
)
def test_what_linnworks_does_not_count_is_left_alone(play, sku, location, words):
    """A number would begin to mean something there."""

    async def scenario(account):
        (outcome,) = await account.push("stocklevel", {"sku": sku, "quantity": 0, "locationId": location})
        assert outcome.result is Result.SKIPPED
        assert words in outcome.reason
        assert not await account.calls("SetStockLevel")

    play(scenario, records=8)
