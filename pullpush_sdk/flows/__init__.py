"""Flows in motion: checking them, running them once, and sharing one store among processes."""

from ._check import Checked, check_all, check_connection, check_flow
from ._desk import DeadReport, Desk
from ._locations import location_template, plan_locations, read_locations
from ._pool import Connections, End
from ._report import Progress, Silent, SyncReport
from ._spec import flow_spec, readers_of
from ._states import (
    STATES,
    Import,
    State,
    Trouble,
    flow_state,
    flow_trouble,
    imports_of,
    last_sync,
    set_flow_state,
    shown_state,
)
from ._supervisor import Supervisor, open_supervisor, running
from ._surroundings import Reconcile
from ._sync import sync_flow
from ._upkeep import upkeep_of
from ._work import FlowWork

__all__ = [
    "STATES",
    "Checked",
    "Connections",
    "DeadReport",
    "Desk",
    "End",
    "FlowWork",
    "Import",
    "Progress",
    "Reconcile",
    "Silent",
    "State",
    "Supervisor",
    "SyncReport",
    "Trouble",
    "check_all",
    "check_connection",
    "check_flow",
    "flow_spec",
    "flow_state",
    "flow_trouble",
    "imports_of",
    "last_sync",
    "location_template",
    "open_supervisor",
    "plan_locations",
    "read_locations",
    "readers_of",
    "running",
    "set_flow_state",
    "shown_state",
    "sync_flow",
    "upkeep_of",
]
