"""What is remembered of claims is never more than allowed, and never other than what was said last."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk.engine.embedded import _claim_rows
from pullpush_sdk.engine.embedded._claim_rows import Claim, Holders
from pullpush_sdk.engine.embedded._store import Store

PAGES = st.lists(st.dictionaries(st.sampled_from("123456"), st.sampled_from(["A", "B", "C", None]), min_size=1))


@settings(max_examples=50, deadline=None)
@given(pages=PAGES, limit=st.integers(0, 7))
def test_memory_says_what_the_table_says_or_nothing(pages, limit):
    async def run() -> None:
        store = Store(None)
        await store.open()
        holders, table = Holders(store, limit), {}

        def one(page: dict[str, str | None], db: sqlite3.Connection) -> None:
            held = holders.of(db, 1)
            assert held.items() <= table.items()
            assert len(held) <= limit
            for native in page:
                if holders.are_new(1, [native]):
                    assert native not in table
            for key in "ABC":
                if holders.are_new(1, [], [key]):
                    assert key not in table.values()
            gone = [native for native, key in page.items() if key is None]
            claims = [Claim(native, key, 1, True, "", True) for native, key in page.items() if key]
            _claim_rows.store(db, 1, claims, gone)
            holders.note(1, claims, gone)
            for claim in claims:
                table[claim.native_id] = claim.key
            for native in gone:
                table.pop(native, None)

        for page in pages:
            await store.run(partial(one, page))
        await store.close()

    asyncio.run(run())
