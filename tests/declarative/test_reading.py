"""Reading by manifest: every record once, resumable at every page, bad records beside good ones."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from pullpush_sdk import WebhookRequest, hookimpl, version_of
from pullpush_sdk.declarative import connector_of, iter_pages, page_of
from pullpush_sdk.errors import ContractError, RejectedError
from pullpush_sdk.manifest import read_manifest
from pullpush_sdk.plugins import Source, load_plugins
from pullpush_sdk.testing.connections import connected

HEAD = {"manifest": 1, "name": "shop", "title": "Shop", "version": "1.0.0", "base_url": "https://api.shop.example"}
PAGE = {
    "pagination": {"kind": "page", "size_param": "size", "size": 2},
    "response": {"records": "data", "total_pages": "pages"},
}


class Shop:
    """A platform whose lists a test fills; counts what it was asked."""

    def __init__(self, **tables):
        self.tables = tables
        self.asked = []
        self.app = Starlette(routes=[Route("/{path:path}", self.answer)])
        self.settings, self.secrets = {}, {}

    async def answer(self, request):
        path = request.path_params["path"]
        self.asked.append(path + (f"?{request.url.query}" if request.url.query else ""))
        if path not in self.tables:
            return JSONResponse({"error": "gone"}, status_code=404)
        rows = self.tables[path]
        if not isinstance(rows, list):
            return JSONResponse(rows)
        page, size = int(request.query_params.get("page", 1)), int(request.query_params.get("size", 2))
        shown = rows[(page - 1) * size : page * size]
        return JSONResponse({"data": shown, "pages": -(-len(rows) // size)})


def load(resources, **more):
    """A connector of one manifest, through the real loader and plugin machinery."""
    manifest = read_manifest(json.dumps({**HEAD, "resources": resources, **more}), file="shop.json", format="json")
    module = SimpleNamespace(pullpush_connector=hookimpl(lambda: connector_of(manifest)))
    plugins = load_plugins([Source(name="shop", distribution="pullpush-shop", load=lambda: module)])
    assert not plugins.failures, plugins.failures
    return plugins.connector("shop")


def pages_of(loaded, shop, canonical_type="product", cursor=None, most=None):
    """Up to `most` pages since a cursor."""

    async def run():
        found = []
        async with connected(loaded, shop) as connection:
            pages = loaded.hook.pullpush_pull(connection=connection, canonical_type=canonical_type, cursor=cursor)
            async for page in pages:
                found.append(page)
                if len(found) == most:
                    break
            await pages.aclose()
        return found

    return asyncio.run(run())


def skus(pages):
    return [event.record.sku for page in pages for event in page.events]


PRODUCTS = {
    "products": {"canonical_type": "product", "list": {"path": "/products"}, "canonical_map": {"sku": "sku"}, **PAGE}
}
FIVE = [{"sku": f"A{n}"} for n in range(5)]


def test_every_record_is_read_once_and_the_last_page_closes_the_sweep():
    """Pages come in order; only the last is done, and its cursor starts the next sweep."""
    pages = pages_of(load(PRODUCTS), Shop(products=FIVE))
    assert skus(pages) == ["A0", "A1", "A2", "A3", "A4"]
    assert [page.done for page in pages] == [False, False, True]
    assert set(pages[-1].cursor) == {"v", "since"}


@pytest.mark.parametrize("stop", [1, 2])
def test_a_sweep_goes_on_where_it_stopped(stop):
    """The cursor of any page, through JSON, leads to exactly the rest."""
    loaded, shop = load(PRODUCTS), Shop(products=FIVE)
    first = pages_of(loaded, shop, most=stop)
    rest = pages_of(loaded, shop, cursor=json.loads(json.dumps(first[-1].cursor)))
    assert skus(first) + skus(rest) == ["A0", "A1", "A2", "A3", "A4"]


def test_a_bad_record_is_rejected_with_its_native_text_and_its_neighbours_go_on():
    """The reject names field and path and keeps the whole record, unread fields included."""
    rows = [{"sku": "A1"}, {"sku": "", "id": 7, "note": "unread"}]
    (page,) = pages_of(load(PRODUCTS), Shop(products=rows))
    assert skus([page]) == ["A1"]
    (reject,) = page.rejects
    assert json.loads(reject.native) == rows[1]
    assert reject.key == "id 7"
    assert "sku" in str(reject.error)


class Patient(Shop):
    """Answers the first page at once and any later one only when another is asked for as well."""

    def __init__(self, **tables):
        super().__init__(**tables)
        self.most = self.open = 0
        self.two = asyncio.Event()

    async def answer(self, request):
        page = int(request.query_params.get("page", 1))
        if page in (2, 3):
            self.open += 1
            self.most = max(self.most, self.open)
            if self.open == 2:
                self.two.set()
            await asyncio.wait_for(self.two.wait(), 20)
        return await super().answer(request)


def test_pages_are_fetched_ahead_where_their_number_is_known():
    """With a known number of pages, two requests are under way at once; the order of records stays."""
    shop = Patient(products=FIVE)
    assert skus(pages_of(load(PRODUCTS), shop)) == ["A0", "A1", "A2", "A3", "A4"]
    assert shop.most == 2


class Changing(Shop):
    """A list that is cut or grows when a given page is asked for."""

    def __init__(self, at, rows, *, products):
        super().__init__(products=products)
        self.at, self.rows = at, rows

    async def answer(self, request):
        if int(request.query_params.get("page", 1)) == self.at:
            self.tables["products"] = self.rows
        return await super().answer(request)


@pytest.mark.parametrize("at", [2, 3])
@pytest.mark.parametrize("length", [0, 3, 5, 9])
def test_a_list_that_changes_length_while_it_is_read_ends(at, length):
    """No record comes twice, those that stay in their place are all read, and the sweep closes."""
    rows = [{"sku": f"A{n}"} for n in range(length)]
    pages = pages_of(load(PRODUCTS), Changing(at, rows, products=[{"sku": f"A{n}"} for n in range(7)]))
    found = skus(pages)
    assert len(set(found)) == len(found)
    assert set(found) >= {f"A{n}" for n in range(min(7, length))}
    assert pages[-1].done


def test_an_empty_list_still_moves_the_cursor():
    """Nothing to read is a complete sweep."""
    (page,) = pages_of(load(PRODUCTS), Shop(products=[]))
    assert page.done
    assert page.cursor["since"]


def test_a_missing_list_is_an_error_not_an_empty_one():
    """An answer without the declared list must not pass for "no products"."""
    with pytest.raises(ContractError, match="no list at data"):
        pages_of(load(PRODUCTS), Shop(products={"items": []}))


@pytest.mark.parametrize("answer", [{"data": None}, {"data": []}])
def test_null_in_the_place_of_the_list_is_an_empty_list(answer):
    """Some platforms write an empty list so."""
    (page,) = pages_of(load(PRODUCTS), Shop(products=answer))
    assert page.done
    assert not page.events


@pytest.mark.parametrize("answer", [{"data": {"items": None}}, {"data": None}, {}])
def test_null_above_the_list_is_no_list(answer):
    """A location that is gone, or an answer of another kind, is not "no products"."""
    resource = {**PRODUCTS["products"], "response": {"records": "data.items.nodes"}, "pagination": {"kind": "none"}}
    with pytest.raises(ContractError, match="no list"):
        pages_of(load({"products": resource}), Shop(products=answer))


def test_only_changes_are_asked_for_with_overlap_in_the_platforms_zone_and_format():
    """The first sweep has no filter; the next one names the start of the last, less the overlap."""
    incremental = {"param": "from", "format": "%Y-%m-%d %H:%M", "timezone": "Asia/Riyadh", "overlap": 600}
    loaded = load({"products": {**PRODUCTS["products"], "incremental": incremental}})
    shop = Shop(products=FIVE[:1])
    pages_of(loaded, shop)
    assert "from" not in shop.asked[0]
    pages_of(loaded, shop, cursor={"v": 1, "since": "2026-01-01T21:05:00Z"})
    assert "from=2026-01-01+23%3A55" in shop.asked[1] or "from=2026-01-01%2023%3A55" in shop.asked[1]


def test_a_list_sorted_newest_first_is_read_until_it_gets_old():
    """It stops behind the first page that holds a record older than the cursor."""
    rows = [{"sku": f"A{n}", "at": f"2026-01-{20 - n:02d}T00:00:00Z"} for n in range(10)]
    resource = {
        **PRODUCTS["products"],
        "canonical_map": {"sku": "sku", "updatedAt": "at"},
        "version": "updated_at",
        "incremental": {"newest_first": True, "overlap": 0},
    }
    pages = pages_of(
        load({"products": resource}), Shop(products=rows), cursor={"v": 1, "since": "2026-01-17T12:00:00Z"}
    )
    assert skus(pages) == ["A0", "A1", "A2", "A3"]
    assert pages[-1].done


NEWEST = {
    "pagination": {"kind": "page", "size_param": "size", "size": 2},
    "response": {"records": "data", "total_pages": "pages", "total": "total"},
    "canonical_type": "product",
    "list": {"path": "/products"},
    "canonical_map": {"sku": "sku", "updatedAt": "at"},
    "version": "updated_at",
    "incremental": {"newest_first": True, "overlap": 60},
}


class Ticking(Shop):
    """A list by update time, latest first; before each answer the next of `edits` happens to it."""

    def __init__(self, rows, edits):
        super().__init__(products=rows)
        self.edits = edits
        self.now = HOURS_AGO

    async def answer(self, request):
        rows = self.tables["products"]
        for kind, at in self.edits.pop(0) if self.edits else ():
            self.now += timedelta(seconds=20)
            row = rows.pop(at % len(rows)) if rows and kind != "create" else {"sku": f"N{self.now:%H%M%S}"}
            if kind != "delete":
                rows.insert(0, {**row, "at": self.now.isoformat()})
        page, size = int(request.query_params.get("page", 1)), int(request.query_params["size"])
        shown = rows[(page - 1) * size : page * size]
        return JSONResponse({"data": shown, "pages": -(-len(rows) // size), "total": len(rows)})


HOURS_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)  # the platform's clock is that far behind
EDITS = st.lists(
    st.lists(st.tuples(st.sampled_from(["create", "edit", "delete"]), st.integers(0, 9)), max_size=3), max_size=12
)


@given(edits=EDITS, length=st.integers(1, 9))
@example(edits=[[], [("edit", 3), ("edit", 3)]], length=4)  # just one page moves to the front, and the total stays
@example(edits=[[], [("edit", 5), ("edit", 5)], [("edit", 5), ("edit", 5)], [("edit", 5), ("edit", 5)]], length=6)
@example(edits=[[], [("create", 0), ("create", 0)], [("delete", 0), ("delete", 0)]], length=5)
@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_a_list_that_changes_under_the_reader_is_known_whole_after_one_more_sweep(edits, length):
    """Whatever is created, edited and deleted between the pages of two sweeps: the third one completes the picture."""
    rows = [{"sku": f"A{n}", "at": (HOURS_AGO - timedelta(hours=n)).isoformat()} for n in range(length)]
    shop, loaded, newest, cursor = Ticking(rows, edits), load({"products": NEWEST}), {}, None
    for sweep in range(3):
        if sweep == 2:
            shop.edits = []
        for page in pages_of(loaded, shop, cursor=cursor):
            cursor = page.cursor
            for event in page.events:
                newest[event.record.sku] = max(newest.get(event.record.sku, 0), event.version)
    held = {row["sku"]: version_of(datetime.fromisoformat(row["at"])) for row in shop.tables["products"]}
    assert {sku: newest.get(sku) for sku in held} == held


def test_a_platform_whose_clock_is_behind_loses_nothing():
    """What changes after a sweep is dated by the platform: the next one goes back to the newest date it has seen."""
    shop = Ticking([{"sku": "A", "at": "2020-05-01T00:00:00Z"}], [])
    loaded = load({"products": NEWEST})
    cursor = pages_of(loaded, shop)[-1].cursor
    shop.tables["products"].insert(0, {"sku": "B", "at": "2020-05-01T00:00:01Z"})
    assert skus(pages_of(loaded, shop, cursor=cursor)) == ["B", "A"]
    assert cursor["since"].startswith("2020-05-01")


def test_details_and_attached_lists_complete_a_record():
    """Details are laid over the list's record; a nested list that was cut off is filled up."""
    shop = Shop(
        products=[{"id": 1, "sku": "A1", "name": "short"}],
        **{
            "products/1": {"data": {"name": "long"}},
            "variants": [{"sku": "A1-S"}, {"sku": "A1-M"}, {"sku": "A1-L"}],
        },
    )
    resource = {
        **PRODUCTS["products"],
        "details": {"path": "/products/{{record.id}}"},
        "details_records": "data",
        "attach": [{"request": {"path": "/variants", "params": {"of": "{{record.id}}"}}, "into": "forms", **PAGE}],
        "canonical_map": {
            "sku": "sku",
            "title": "name",
            "variants": {"path": "forms", "transform": "mapItems", "items": {"sku": "sku"}},
        },
    }
    (page,) = pages_of(load({"products": resource}), shop)
    (event,) = page.events
    assert event.record.title == "long"
    assert [variant.sku for variant in event.record.variants] == ["A1-S", "A1-M", "A1-L"]


def test_a_record_that_vanished_before_its_details_is_rejected_alone():
    """The sweep goes on; what is gone is named."""
    shop = Shop(products=[{"id": 1, "sku": "A1"}, {"id": 2, "sku": "A2"}], **{"products/2": {"name": "there"}})
    resource = {
        **PRODUCTS["products"],
        "details": {"path": "/products/{{record.id}}"},
        "canonical_map": {"sku": "sku", "title": "name"},
    }
    (page,) = pages_of(load({"products": resource}), shop)
    assert [event.record.title for event in page.events] == ["there"]
    assert "details" in str(page.rejects[0].error)


STOCK = {
    "stock": {
        "canonical_type": "stocklevel",
        "for_each": {"list": {"path": "/branches"}, "where": {"on": True}, **PAGE},
        "list": {"path": "/stock/{{item.id}}"},
        "canonical_map": {"sku": "sku", "quantity": "n", "locationId": "@item.id"},
        **PAGE,
    }
}
BRANCHES = [{"id": 1, "on": True}, {"id": 2, "on": False}, {"id": 3, "on": True}]
ROWS = {
    "stock/1": [{"sku": "A", "n": 0}, {"sku": "B", "n": None}, {"sku": "C", "n": 4}],
    "stock/3": [{"sku": "A", "n": 9}],
}


def test_a_list_per_outer_record_carries_its_id():
    """Each location that is in use is read; a real zero and "no data" stay apart."""
    pages = pages_of(load(STOCK), Shop(branches=BRANCHES, **ROWS), "stocklevel")
    levels = [(e.record.location_id, e.record.sku, e.record.quantity) for page in pages for e in page.events]
    assert levels == [("1", "A", 0), ("1", "B", None), ("1", "C", 4), ("3", "A", 9)]
    assert [page.done for page in pages] == [False, False, True]


@pytest.mark.parametrize("stop", [1, 2])
def test_a_sweep_over_outer_records_goes_on_where_it_stopped(stop):
    """Neither a page nor a location is lost or read twice."""
    loaded, shop = load(STOCK), Shop(branches=BRANCHES, **ROWS)
    first = pages_of(loaded, shop, "stocklevel", most=stop)
    rest = pages_of(loaded, shop, "stocklevel", cursor=first[-1].cursor)
    assert len(skus(first) + skus(rest)) == 4


def test_observed_versions_are_the_moment_the_request_began():
    """A slow answer does not make its content newer."""
    before = datetime.now(UTC)
    pages = pages_of(load(PRODUCTS), Shop(products=FIVE))
    versions = [event.version for page in pages for event in page.events]
    assert versions == sorted(versions)
    assert versions[0] >= before.timestamp() * 1_000_000
    assert versions[0] == versions[1] < versions[2]


def test_a_foreign_cursor_is_refused():
    """A cursor that this reader did not write is an error, not a full read in silence."""
    with pytest.raises(ContractError, match="cursor"):
        pages_of(load(PRODUCTS), Shop(products=FIVE), cursor="page-7")


def test_a_thin_webhook_is_completed_by_the_details_request():
    """With `refetch` the body only names the record; what is delivered is read again, as of that moment."""
    resource = {
        **PRODUCTS["products"],
        "details": {"path": "/products/{{record.id}}"},
        "details_records": "data",
        "canonical_map": {"sku": "sku", "title": "name"},
    }
    webhook = {
        "verification": {"kind": "none"},
        "event_name": {"parts": [{"path": "event"}]},
        "handlers": {
            "product.changed": {
                "canonical_type": "product",
                "resource": "products",
                "data_path": "$.data",
                "refetch": True,
            }
        },
    }
    loaded = load({"products": resource}, webhook=webhook)
    shop = Shop(**{"products/7": {"data": {"sku": "A7", "name": "as it is now"}}})
    arrived = datetime(2026, 1, 1, tzinfo=UTC)
    body = b'{"event": "product.changed", "data": {"id": 7, "name": "as it was"}}'
    request = WebhookRequest(headers={}, query={}, body=body, received_at=arrived)

    async def run():
        async with connected(loaded, shop) as connection:
            return await loaded.hook.pullpush_receive(connection=connection, request=request)

    (event,) = asyncio.run(run())
    assert (event.record.sku, event.record.title) == ("A7", "as it is now")
    assert event.version > arrived.timestamp() * 1_000_000


def test_a_list_asked_for_by_post_gets_its_filter_in_the_body():
    """`incremental.variable` is a field of the JSON body where the request has one."""
    seen = []

    class Posted(Shop):
        async def answer(self, request):
            seen.append(json.loads(await request.body()))
            return JSONResponse({"data": [{"sku": "A"}]})

    shop = Posted()
    shop.app = Starlette(routes=[Route("/{path:path}", shop.answer, methods=["POST"])])
    resource = {
        "canonical_type": "product",
        "list": {"method": "POST", "path": "/search", "json": {"kind": "all"}, "idempotent": True},
        "response": {"records": "data"},
        "incremental": {"variable": "since", "format": "%Y-%m-%d", "overlap": 0},
        "canonical_map": {"sku": "sku"},
    }
    pages_of(load({"products": resource}), shop, cursor={"v": 1, "since": "2026-01-05T00:00:00Z"})
    assert seen == [{"kind": "all", "since": "2026-01-05"}]


class Numbered(Shop):
    """Pages by a number in the JSON body; a page behind the last one is refused with words."""

    def __init__(self, rows, words="Sorry: NO ITEMS found"):
        super().__init__()
        self.rows, self.words, self.bodies = rows, words, []
        self.app = Starlette(routes=[Route("/{path:path}", self.answer, methods=["POST"])])

    async def answer(self, request):
        body = json.loads(await request.body())
        self.bodies.append(body)
        number, size = body["request"]["page"], body["request"]["size"]
        shown = self.rows[(number - 1) * size : number * size]
        return JSONResponse(shown) if shown else JSONResponse({"Message": self.words}, status_code=400)


NUMBERED = {
    "canonical_type": "product",
    "list": {"method": "POST", "path": "/list", "json": {"request": {"term": ""}}, "idempotent": True},
    "pagination": {
        "kind": "page", "place": "body", "page_param": "request.page", "size_param": "request.size", "size": 2,
    },
    "response": {"end_status": 400, "end_text": "no items found"},
    "canonical_map": {"sku": "sku"},
}  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5])
def test_pages_in_a_body_end_with_the_refusal_that_says_so(count):
    """Whether the last page is full or not, and wherever the sweep goes on."""
    shop = Numbered([{"sku": f"A{number}"} for number in range(count)])
    loaded = load({"products": NUMBERED})
    pages = pages_of(loaded, shop)
    assert skus(pages) == [row["sku"] for row in shop.rows]
    assert pages[-1].done
    assert shop.bodies[0] == {"request": {"term": "", "page": 1, "size": 2}}
    if len(pages) > 1:
        rest = pages_of(loaded, shop, cursor=pages[0].cursor)
        assert skus(pages[:1]) + skus(rest) == skus(pages)


def test_a_refusal_with_other_words_is_no_end():
    with pytest.raises(RejectedError, match="400"):
        pages_of(load({"products": NUMBERED}), Numbered([], words="entriesPerPage is wrong"))


def test_a_connector_that_pages_itself_maps_its_rows_by_its_manifest():
    """Good rows are events, bad ones rejects with their native text, and the state of a page leads to the rest."""
    shop = Numbered([{"sku": "A"}, {"sku": None}, {"sku": "C"}])
    loaded = load({"products": NUMBERED})

    async def run():
        async with connected(loaded, shop) as connection:
            listings = [listing async for listing in iter_pages(connection, "products")]
            state = listings[0].following.dump()
            rest = [listing.records async for listing in iter_pages(connection, "products", state)]
            rows = [row for listing in listings for row in listing.records]
            page = page_of(
                connection, "products", rows, started=datetime(2026, 1, 1, tzinfo=UTC), cursor={"n": 1}, named=str
            )
            return page, rest

    page, rest = asyncio.run(run())
    assert [event.record.sku for event in page.events] == ["A", "C"]
    assert [(each.native, each.key) for each in page.rejects] == [(b'{"sku":null}', "{'sku': None}")]
    assert (page.cursor, page.done) == ({"n": 1}, False)
    assert page.events[0].version == version_of(datetime(2026, 1, 1, tzinfo=UTC))
    assert rest == [[{"sku": "C"}]]
