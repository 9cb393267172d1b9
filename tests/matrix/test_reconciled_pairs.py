"""After a sync and a reconcile nothing differs between two platforms but what the destination refused."""

import asyncio
import importlib
import json

import pytest

from pullpush_sdk.clock import SystemClock
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.flows import compare_flow, reconcile_flow, sync_flow
from pullpush_sdk.http import Redactor
from pullpush_sdk.project import FILE_NAME, engine_url, ensure_state_dir, load_project
from pullpush_sdk.sandbox import SandboxOptions, serve
from tests.matrix.world import ORDERS_ALLOWED

pairs = importlib.import_module("tests.matrix.test_all_pairs")
PLUGINS = pairs.PLUGINS


def allowed(destination):
    """The lines without which a platform takes no orders, and so no invoices either."""
    return "".join(f"\n{name} = {json.dumps(value)}" for name, value in ORDERS_ALLOWED.get(destination, {}).items())


async def differences(project, engine, flow):
    """Type to the keys that a reconcile would deliver, and the counts of the comparison."""
    async with compare_flow(project, PLUGINS, engine, flow, redactor=Redactor()) as comparison:
        return {
            each.type: ({found.key for kind in ("added", "changed") for found in each.differences(kind)}, each.counts)
            for each in comparison.types
        }


async def reconciled(folder, source, destination, setenv):
    """What differs before and after a reconcile, the keys of dead letters, and the second reconcile's report."""
    types = pairs.shared_types(source, destination)
    boxes = [
        PLUGINS.connector(name).hook.pullpush_sandbox(
            options=SandboxOptions(records=records, seed=seed, time_scale=20, rate_limits=False)
        )
        for seed, (name, records) in enumerate(((source, 12), (destination, 0)))
    ]
    async with serve(boxes[0].app) as left, serve(boxes[1].app) as right:
        listed = ", ".join(f'"{name}"' for name in types)
        flow = f'[flows.pair]\nsource = "left"\ndestination = "right"\ntypes = [{listed}]\nstate = "active"\n'
        tables = [
            pairs.table("left", source, left, boxes[0], setenv),
            pairs.table("right", destination, right, boxes[1], setenv) + allowed(destination),
        ]
        text = "\n\n".join([*tables, flow])
        (folder / FILE_NAME).write_text(text)
        (folder / FILE_NAME).write_text(text + await pairs.location_map(load_project(folder), SystemClock()))
        project = load_project(folder)
        ensure_state_dir(project)
        engine = open_engine(engine_url(project), clock=SystemClock(), types=PLUGINS.types)
        async with engine, engine.hold():
            here = (project, PLUGINS, engine, project.flow("pair"))
            await sync_flow(*here, redactor=Redactor(), max_wait=20)
            await reconcile_flow(*here, redactor=Redactor(), max_wait=20)
            found = await differences(project, engine, project.flow("pair"))
            again = await reconcile_flow(*here, redactor=Redactor(), max_wait=20)
            dead = {(letter.type, letter.key) for letter in await engine.dead_letters()}
            return found, dead, again


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("source", "destination"), [("salla", "shopify"), ("shopify", "magento")])
def test_only_what_was_refused_differs(source, destination, tmp_path, monkeypatch):
    found, dead, again = asyncio.run(reconciled(tmp_path, source, destination, monkeypatch.setenv))
    for kind, (keys, counts) in found.items():
        assert {(kind, key) for key in keys} <= dead, (kind, counts)
        assert counts["equal"] + counts["held"] > 0, (kind, counts)
    print({kind: dict(counts) for kind, (_, counts) in found.items()}, sorted(dead))
    assert again.error is None
    for counts in again.counts.values():
        assert counts["delivered"] == 0
