"""Flows in motion: checking them, running them once, and sharing one store among processes."""

from ._check import Checked, check_all, check_connection, check_flow
from ._desk import DeadReport, Desk
from ._locations import location_template, plan_locations, read_locations
from ._report import Progress, Silent, SyncReport
from ._spec import flow_spec, readers_of
from ._states import STATES, State, flow_state, last_sync, set_flow_state
from ._sync import sync_flow
from ._upkeep import upkeep_of

__all__ = [
    "STATES",
    "Checked",
    "DeadReport",
    "Desk",
    "Progress",
    "Silent",
    "State",
    "SyncReport",
    "check_all",
    "check_connection",
    "check_flow",
    "flow_spec",
    "flow_state",
    "last_sync",
    "location_template",
    "plan_locations",
    "read_locations",
    "readers_of",
    "set_flow_state",
    "sync_flow",
    "upkeep_of",
]
