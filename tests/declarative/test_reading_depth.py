"""Lists of changes: filtered lists that a platform cuts off in silence, lists of changes only, records left out."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from pullpush_sdk import hookimpl
from pullpush_sdk.declarative import connector_of
from pullpush_sdk.errors import ManifestError
from pullpush_sdk.manifest import check_fields, read_manifest
from pullpush_sdk.plugins import Source, load_plugins
from pullpush_sdk.testing.connections import connected

HEAD = {"manifest": 1, "name": "cut", "title": "Cut", "version": "1.0.0", "base_url": "https://api.cut.example"}
DEPTH = 6
START = {"v": 1, "since": "2026-01-01T00:05:00Z"}


class Cutting:
    """A platform that ends a filtered list after six records; two to a page, sorted by time or by number."""

    def __init__(self, rows, *, is_sorted=True):
        self.rows, self.is_sorted, self.asked = rows, is_sorted, []
        self.app = Starlette(routes=[Route("/{path:path}", self.answer)])
        self.settings, self.secrets = {}, {}

    async def answer(self, request):
        self.asked.append(dict(request.query_params))
        since, page = request.query_params.get("from"), int(request.query_params.get("page", 1))
        rows = sorted(self.rows, key=lambda row: (row["at"], row["sku"]) if self.is_sorted else row["sku"])
        if since is not None and since != "any":
            rows = [row for row in rows if row["at"] >= since]
        if since is not None:
            rows = rows[:DEPTH]
        return JSONResponse({"data": rows[page * 2 - 2 : page * 2], "pages": -(-len(rows) // 2)})


def load(incremental, **more):
    resource = {
        "canonical_type": "product",
        "list": {"path": "/products"},
        "pagination": {"kind": "page", "size_param": "size", "size": 2},
        "response": {"records": "data", "total_pages": "pages"},
        "canonical_map": {"sku": "sku", "updatedAt": "at"},
        "version": "updated_at",
        "incremental": {"param": "from", "overlap": 300, "depth": DEPTH, **incremental},
        **more,
    }
    document = {**HEAD, "resources": {"products": resource}}
    manifest = read_manifest(json.dumps(document), file="cut.json", format="json")
    module = SimpleNamespace(pullpush_connector=hookimpl(lambda: connector_of(manifest)))
    return load_plugins([Source(name="cut", distribution="pullpush-cut", load=lambda: module)]).connector("cut")


def swept(loaded, platform, cursor=START, *, resumed=False):
    """The SKUs of one sweep; with `resumed`, each page by a reader of its own, from the cursor of the one before."""

    async def run():
        found, at, done = [], cursor, False
        async with connected(loaded, platform) as connection:
            while not done:
                pages = loaded.hook.pullpush_pull(connection=connection, canonical_type="product", cursor=at)
                async for page in pages:
                    found += [event.record.sku for event in page.events]
                    at, done = json.loads(json.dumps(page.cursor)), page.done
                    if resumed:
                        break
                await pages.aclose()
        return found

    return asyncio.run(run())


def row(number, second):
    return {"sku": f"A{number:03d}", "at": f"2026-01-02T00:00:{second:02d}Z"}


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize("is_sorted", [True, False])
@settings(max_examples=15, deadline=None)
@given(seconds=st.lists(st.integers(0, 5), max_size=30))
def test_what_lies_behind_the_cut_is_read_whatever_the_ties(resumed, is_sorted, seconds):
    """Nothing is missing, also where more records than the platform shows bear one second."""
    rows = [row(number, second) for number, second in enumerate(seconds)]
    loaded = load({"oldest_first": is_sorted})
    assert set(swept(loaded, Cutting(rows, is_sorted=is_sorted), resumed=resumed)) == {each["sku"] for each in rows}


def test_a_sorted_list_goes_on_behind_what_was_read():
    """The last update time is the next window's begin; the filter is never dropped while that leads on."""
    platform = Cutting([row(number, number) for number in range(20)])
    found = swept(load({"oldest_first": True}), platform)
    assert len(set(found)) == 20
    assert len(found) == 23  # the border of each window comes twice
    begins = list(dict.fromkeys(asked["from"][17:19] for asked in platform.asked))
    assert begins == ["00", "05", "10", "15"]


def test_a_list_without_a_cut_is_read_once():
    platform = Cutting([row(number, number) for number in range(5)])
    assert len(swept(load({"oldest_first": True}), platform)) == 5
    assert len(platform.asked) == 3


def test_the_first_sweep_sends_what_stands_for_the_whole():
    platform = Cutting([row(number, number) for number in range(9)])
    assert len(set(swept(load({"oldest_first": True, "whole": "any"}), platform, None))) == 9
    assert platform.asked[0]["from"] == "any"


def test_a_list_of_changes_is_left_out_where_no_moment_is_known():
    platform = Cutting([row(1, 1)])
    loaded = load({"changes_only": True})
    assert swept(loaded, platform, None) == []
    assert platform.asked == []
    assert swept(loaded, platform) == ["A001"]


def test_records_of_another_kind_are_left_out():
    rows = [{**row(number, number), "kind": kind} for number, kind in enumerate(("a", "b", "c", None))]
    loaded = load({}, where={"kind": ["a", "c"]})
    assert swept(loaded, Cutting(rows)) == ["A000", "A002"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": "observed", "incremental": {"param": "from", "oldest_first": True}}, "oldest_first"),
        ({"incremental": {"newest_first": True, "whole": "any"}}, "whole"),
    ],
)
def test_what_leads_nowhere_is_a_finding(change, said):
    resource = {
        "canonical_type": "product",
        "list": {"path": "/products"},
        "canonical_map": {"sku": "sku", "updatedAt": "at"},
        "version": "updated_at",
        **change,
    }
    document = json.dumps({**HEAD, "resources": {"products": resource}})
    try:
        problems = check_fields(read_manifest(document, file="cut.json", format="json"))
    except ManifestError as error:
        problems = list(error.problems)
    assert any(said in problem.message for problem in problems), problems
