"""A connector that the SDK and the platforms do not know, with a canonical type of its own, meets every one of them.

For every type that both support, through one project file. The platforms among themselves: test_sixteen_pairs.
"""

import asyncio
import importlib
import itertools
import json
from collections import Counter

import pytest

from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.flows import read_locations, sync_flow
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Source, find_sources, load_plugins
from pullpush_sdk.project import FILE_NAME, engine_url, ensure_state_dir, load_project
from pullpush_sdk.project.connect import open_connection
from pullpush_sdk.sandbox import SandboxClock, SandboxOptions, serve
from pullpush_sdk.testing.clock import VirtualClock

STRANGER = Source(
    name="rivendell", distribution="stranger", load=lambda: importlib.import_module("tests.stranger.hooks")
)
# Other tests may have put toys of theirs on the path; the matrix is of platforms.
INSTALLED = [source for source in find_sources() if source.distribution != "pullpush-depot"]
PLUGINS = load_plugins([*INSTALLED, STRANGER])
# Products first: a stock level finds its product, an order its lines. Stock last: a new order may move it.
ORDER = ("product", "contact", "order", "stocklevel", "invoice", "cart", "call", "shipment")


def shared_types(source, destination):
    reads, writes = PLUGINS.connector(source).connector.reads, PLUGINS.connector(destination).connector.writes
    return [name for name in ORDER if name in reads & writes]


PAIRS = [
    pytest.param(source, destination, id=f"{source}-to-{destination}")
    for source, destination in itertools.product(sorted(PLUGINS.connectors), repeat=2)
    if "rivendell" in (source, destination) and shared_types(source, destination)
]


def test_the_matrix_is_whole():
    """Nothing failed to load, and the stranger meets everybody in both directions."""
    assert not PLUGINS.failures
    names = set(PLUGINS.connectors)
    assert {"rivendell", "salla", "shopify"} <= names
    assert len(shared_types("rivendell", "rivendell")) == 8
    for name in names:
        assert shared_types(name, "rivendell")
        if PLUGINS.connector(name).connector.writes:
            assert shared_types("rivendell", name)


def table(name, connector, url, sandbox, setenv):
    lines = [f"[connections.{name}]", f'connector = "{connector}"', f'sandbox = "{url}"']
    known = PLUGINS.connector(connector).connector.settings.get("properties", {})
    settings = {key: value for key, value in sandbox.settings.items() if key in known}
    # One currency everywhere: a price in another one would be refused, which is another test's matter.
    settings |= {"currency": "SAR"} if "currency" in known else {}
    lines += [f'{key} = "{value}"' for key, value in settings.items()]
    for key, secret in sandbox.secrets.items():
        setenv(f"{name}_{key}".upper(), secret)
        lines.append(f'{key} = {{env = "{name}_{key}"}}'.replace(f"{name}_{key}", f"{name}_{key}".upper()))
    return "\n".join(lines)


async def run_pair(folder, source, destination, setenv):
    """One sync of one flow over all shared types; its report, and what both sides then hold."""
    types = shared_types(source, destination)
    # A destination that takes stock but no products must have the products already.
    own = 0 if "product" in types or "stocklevel" not in types else 12
    clock = VirtualClock()
    ticking = SandboxClock(source=clock.monotonic, start=clock.now())
    boxes = {
        "left": PLUGINS.connector(source).hook.pullpush_sandbox(options=SandboxOptions(records=12, clock=ticking)),
        "right": PLUGINS.connector(destination).hook.pullpush_sandbox(
            options=SandboxOptions(records=own, seed=1, clock=ticking)
        ),
    }
    async with serve(boxes["left"].app) as left, serve(boxes["right"].app) as right:
        flow = f'[flows.pair]\nsource = "left"\ndestination = "right"\ntypes = {types}\nstate = "active"\n'
        tables = [
            table("left", source, left, boxes["left"], setenv),
            table("right", destination, right, boxes["right"], setenv),
        ]
        text = "\n\n".join([*tables, flow.replace("'", '"')])
        (folder / FILE_NAME).write_text(text)
        if "stocklevel" in types:
            (folder / FILE_NAME).write_text(text + await location_map(load_project(folder), clock))
        project = load_project(folder)
        ensure_state_dir(project)
        engine = open_engine(engine_url(project), clock=clock, types=PLUGINS.types)
        async with engine, engine.hold():
            flow = project.flow("pair")
            report = await sync_flow(project, PLUGINS, engine, flow, redactor=Redactor(), max_wait=20, clock=clock)
            again = await sync_flow(project, PLUGINS, engine, flow, redactor=Redactor(), max_wait=20, clock=clock)
            letters = await engine.dead_letters()
        held = {name: await everything(project, name, types, clock) for name in ("left", "right")}
    return report, again, letters, held


async def location_map(project, clock):
    """The map that an operator would fill in: place by place, or all places of the left into the only one there."""
    places = {}
    for name in ("left", "right"):
        async with open_connection(project, name, PLUGINS, clock=clock) as connection:
            loaded = PLUGINS.connector(project.connection(name).connector)
            places[name] = [each.id for each in await read_locations(loaded, connection) if each.active]
    left, right = places["left"], places["right"]
    if len(left) <= 1 and len(right) <= 1:
        return ""
    if len(left) > 1 and len(right) <= 1:
        lines = [f'"{right[0] if right else ""}" = {{sum = {json.dumps(left)}}}']
    else:
        lines = [f'"{here}" = "{there}"' for here, there in zip(left or [""], right, strict=False)]
    return "\n[flows.pair.locations]\n" + "\n".join(lines) + "\n"


async def everything(project, name, types, clock):
    """The canonical records that a connection shows, per type."""
    connector = project.connection(name).connector
    found = {}
    async with open_connection(project, name, PLUGINS, clock=clock) as connection:
        for kind in types:
            if kind not in PLUGINS.connector(connector).connector.reads:
                continue
            pages = PLUGINS.connector(connector).hook.pullpush_pull(
                connection=connection, canonical_type=kind, cursor=None
            )
            found[kind] = [event.record async for page in pages for event in page.events]
    return found


def stock(records):
    """Known quantities by SKU, added up over all locations."""
    found = Counter()
    for each in records:
        if each.quantity is not None:
            found[each.sku] += each.quantity
    return found


def catalogue(records):
    """Simple products: a platform may know one with variants by its first variant's SKU and price."""
    simple = [each for each in records if all(variant.sku == each.sku for variant in each.variants or ())]
    return {each.sku: (each.title, each.price, each.currency) for each in simple}


def sales(records):
    """Orders as the other side can know them: ids are each platform's own."""
    return Counter(
        (each.total_amount, each.currency, tuple(sorted((line.sku or "", line.quantity) for line in each.line_items)))
        for each in records
    )


COMPARED = {"stocklevel": lambda rows: dict(stock(rows)), "product": catalogue, "order": lambda rows: dict(sales(rows))}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("source", "destination"), PAIRS)
def test_any_source_with_any_destination(source, destination, tmp_path, monkeypatch):
    """Everything read is accounted for, what was delivered is there, and a second sync writes nothing."""
    report, again, letters, held = asyncio.run(run_pair(tmp_path, source, destination, monkeypatch.setenv))
    assert report.error is None, report
    assert again.error is None, again
    assert report.waiting == again.waiting == 0
    reasons = [(letter.type, letter.key, letter.reason) for letter in letters]
    for kind, counts in report.counts.items():
        # A young shop may have issued no invoice yet; everything else is seeded.
        assert counts["read"] > 0 or kind == "invoice", f"{source} read no {kind}: {reasons}"
        assert counts["read"] == sum(number for outcome, number in counts.items() if outcome != "read")
        assert again.counts[kind]["delivered"] == 0, (kind, again.counts[kind])
        settled = counts["delivered"] + counts["unchanged"] + counts["skipped"]
        # A shop may refuse every order of a shop with other prices or another currency; catalogue and stock must go.
        assert settled or kind not in ("product", "stocklevel"), reasons
        if kind in COMPARED and kind in held["right"]:
            mine, theirs = COMPARED[kind](held["left"][kind]), COMPARED[kind](held["right"][kind])
            if kind == "order":
                # Of several alike some may be over before they got there.
                assert not {key: count for key, count in theirs.items() if count > mine.get(key, 0)}, reasons
                assert sum(theirs.values()) == counts["delivered"], reasons
            else:
                dead = {letter.key for letter in letters if letter.type == kind}
                sent = {key: value for key, value in mine.items() if key not in dead}
                assert {key: theirs.get(key) for key in sent} == sent, reasons
    assert not [letter.key for letter in letters if len(letter.reason) < 15]
