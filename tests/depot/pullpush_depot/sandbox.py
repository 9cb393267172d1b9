"""The warehouse itself: rows of wire records by revision, written and read page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pullpush_sdk.sandbox import Control, FaultPlan, RequestLog, Sandbox, SandboxOptions, Violations, instrument

TOKEN = "depot-5ab0f1c2-token"


class Store:
    """What the warehouse holds: per type, identity to (revision, record)."""

    def __init__(self, records: int) -> None:
        self.rows: dict[str, dict[str, tuple[int, dict[str, Any]]]] = {}
        self.locations: list[dict[str, str]] = []
        self.writes: list[tuple[str, str]] = []
        self.refuse: set[str] = set()
        self.revision = 0
        self.token = TOKEN
        for number in range(records):
            self.put("product", {"sku": f"S{number:03}", "title": f"Thing {number}"})
            self.put("stocklevel", {"sku": f"S{number:03}", "quantity": number, "locationId": None})

    def put(self, kind: str, record: Mapping[str, Any], identity: str | None = None) -> None:
        self.revision += 1
        key = identity or str(record.get("orderId") or record.get("sku")) + "|" + str(record.get("locationId") or "")
        self.rows.setdefault(kind, {})[key] = (self.revision, dict(record))

    def page(self, kind: str, after: int, limit: int) -> dict[str, Any]:
        later = sorted(row for row in self.rows.get(kind, {}).values() if row[0] > after)
        rows = later[:limit]
        return {
            "rows": [{"revision": revision, "record": record} for revision, record in rows],
            "after": rows[-1][0] if rows else after,
            "done": len(later) <= limit,
        }


def build(options: SandboxOptions) -> Sandbox:
    store = Store(options.records)
    clock = options.make_clock()

    def change(values: Mapping[str, Any]) -> Mapping[str, Any]:
        store.put(values["type"], values["record"])
        return {"revision": store.revision}

    control = Control(
        name="depot",
        clock=clock,
        log=RequestLog(),
        faults=FaultPlan(),
        violations=Violations(clock),
        dump=lambda: {"rows": store.rows, "writes": store.writes},
        reset=lambda: None,
        changes={"put": change},
    )

    def refused(request: Request) -> JSONResponse | None:
        if request.headers.get("authorization") != f"Bearer {store.token}":
            return JSONResponse({"error": "bad token"}, status_code=401)
        return None

    async def whoami(request: Request) -> JSONResponse:
        return refused(request) or JSONResponse({"name": "main depot"})

    async def locations(request: Request) -> JSONResponse:
        return refused(request) or JSONResponse(store.locations)

    async def read(request: Request) -> JSONResponse:
        query = request.query_params
        page = store.page(request.path_params["kind"], int(query["after"]), int(query["limit"]))
        return refused(request) or JSONResponse(page)

    async def one(request: Request) -> JSONResponse:
        revision, record = store.rows[request.path_params["kind"]][request.path_params["identity"]]
        return refused(request) or JSONResponse({"revision": revision, "record": record})

    async def write(request: Request) -> JSONResponse:
        if (no := refused(request)) is not None:
            return no
        kind, problems = request.path_params["kind"], []
        for row in await request.json():
            bad = row["identity"] in store.refuse
            problems.append(f"{row['identity']} is not wanted here" if bad else "")
            if not bad:
                store.put(kind, row["record"], row["identity"])
                store.writes.append((kind, row["identity"]))
        return JSONResponse({"problems": problems})

    routes = [
        Route("/whoami", whoami),
        Route("/locations", locations),
        Route("/{kind}", read, methods=["GET"]),
        Route("/{kind}/{identity}", one),
        Route("/{kind}", write, methods=["POST"]),
    ]
    sandbox = Sandbox(
        name="depot",
        app=instrument(Starlette(routes=routes), control),
        settings={"depot": "main"},
        secrets={"token": TOKEN},
        control=control,
    )
    # Tests in the same process look into the store itself.
    control.changes["store"] = lambda _values: store  # type: ignore[index, assignment, return-value]
    return sandbox
