"""The imaginary back office itself: an ASGI app that keeps what it is given and shows it page by page."""

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pullpush_sdk.sandbox import Control, FaultPlan, RequestLog, Sandbox, Violations, instrument

KEYS = {
    "stock": "article",
    "orders": "ref",
    "articles": "article",
    "people": "mail",
    "calls": "ref",
    "bills": "ref",
    "baskets": "ref",
    "parcels": "ref",
}
WHEN = "2026-01-05T10:00:00Z"


def seeded(count):
    """A few records of every kind, among them a real zero and an unknown quantity."""
    numbers = range(1, count + 1)
    skus = [f"RIV-{n:03d}" for n in numbers]
    # Lines name the fourth article, whose stock nobody counts: a shop that checks stock cannot run out of it.
    row = (
        [{"article": "RIV-004", "text": "Lamp 4", "count": 2, "each": "4.50", "vat": "1.35", "sum": "9.00"}]
        if count > 3
        else []
    )
    return {
        "stock": [
            {"article": sku, "on_shelf": None if n % 5 == 4 else 0 if n % 5 == 3 else n, "touched": WHEN}
            for n, sku in zip(numbers, skus, strict=True)
        ],
        "articles": [
            {
                "article": sku,
                "text": f"Lamp {n}",
                "long_text": "A lamp.",
                "each": f"{n}.50",
                "money": "SAR",
                "touched": WHEN,
            }
            for n, sku in zip(numbers, skus, strict=True)
        ],
        "orders": [
            {
                "ref": f"O-{n}",
                "state": "paid",
                "money": "SAR",
                "net": "9.00",
                "vat": "1.35",
                "sum": "10.35",
                "made": WHEN,
                "touched": WHEN,
                "rows": row,
                "buyer": {"mail": f"buyer{n}@example.com", "name": f"Buyer {n}"},
            }
            for n in numbers
        ],
        "people": [
            {"ref": f"P-{n}", "mail": f"person{n}@example.com", "name": f"Person {n}", "firm": None, "touched": WHEN}
            for n in numbers
        ],
        "calls": [{"ref": f"C-{n}", "way": "inbound", "seconds": 30 * n, "touched": WHEN} for n in numbers],
        "bills": [{"ref": f"B-{n}", "sum": "10.00", "money": "SAR", "state": "paid", "touched": WHEN} for n in numbers],
        "baskets": [{"ref": f"K-{n}", "money": "SAR", "sum": "5.00", "rows": row, "touched": WHEN} for n in numbers],
        "parcels": [{"ref": f"S-{n}", "order": f"O-{n}", "by": "Eagles", "touched": WHEN} for n in numbers],
    }


class Office:
    """All tables by name: key to record, oldest first."""

    def __init__(self, count):
        self.tables = {name: {row[KEYS[name]]: row for row in rows} for name, rows in seeded(count).items()}

    async def show(self, request: Request):
        if request.headers.get("x-api-key") != "speak-friend":
            return JSONResponse({"error": "speak, friend, and enter"}, status_code=401)
        name = request.path_params["table"]
        if name == "whoami":
            return JSONResponse({"company": "Rivendell"})
        if name not in self.tables:
            return JSONResponse({"error": "no such table"}, status_code=404)
        rows = list(self.tables[name].values())
        if request.method == "PUT":
            return await self.put(request, name)
        skip, take = int(request.query_params.get("skip", 0)), int(request.query_params.get("take", 40))
        return JSONResponse({"rows": rows[skip : skip + take], "total": len(rows)})

    async def put(self, request, name):
        given, refused = json.loads(await request.body())["rows"], []
        for index, row in enumerate(given):
            key = row.get(KEYS[name]) or row.get("ref")
            if not key:
                refused.append({"index": index, "message": f"{KEYS[name]} is missing"})
                continue
            self.tables[name][key] = {**self.tables[name].get(key, {}), **row}
        return JSONResponse({"refused": refused}, status_code=200)


def build(options):
    """The office as a sandbox."""
    office = Office(options.records)
    app = Starlette(routes=[Route("/v1/{table}", office.show, methods=["GET", "PUT"])])
    clock = options.make_clock()
    control = Control(
        name="rivendell",
        clock=clock,
        log=RequestLog(),
        faults=FaultPlan(),
        violations=Violations(clock),
        dump=lambda: {name: list(rows.values()) for name, rows in office.tables.items()},
        reset=lambda: office.__init__(options.records),
        changes={
            "put": lambda values: {"put": office.tables[values["table"]].__setitem__(values["key"], values["row"])}
        },
    )
    return Sandbox(
        name="rivendell",
        app=instrument(app, control),
        settings={},
        secrets={"api_key": "speak-friend"},
        control=control,
    )
