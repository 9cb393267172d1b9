"""Flows in motion: checking them, running them once, and sharing one store among processes."""

from ._check import Checked, check_all, check_connection, check_flow
from ._clashes import settle_clashes
from ._compare import FINDINGS, Difference, FlowComparison, TypeComparison, chosen_types, compare_flow
from ._desk import DeadReport, Desk
from ._locations import location_template, plan_locations, read_locations
from ._look import FlowLook, TokenLook, look_at_flow, look_at_tokens
from ._pool import Connections, End
from ._reconcile import ReconcileReport, last_reconcile, reconcile_flow
from ._report import Progress, Silent, SyncReport
from ._shadow import ShadowDifference, ShadowReport, shadow_report
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
from ._sync import sync_flow
from ._upkeep import upkeep_of
from ._validate import checked, is_written_in_python
from ._work import FlowWork

__all__ = [
    "FINDINGS",
    "STATES",
    "Checked",
    "Connections",
    "DeadReport",
    "Desk",
    "Difference",
    "End",
    "FlowComparison",
    "FlowLook",
    "FlowWork",
    "Import",
    "Progress",
    "ReconcileReport",
    "ShadowDifference",
    "ShadowReport",
    "Silent",
    "State",
    "Supervisor",
    "SyncReport",
    "TokenLook",
    "Trouble",
    "TypeComparison",
    "check_all",
    "check_connection",
    "check_flow",
    "checked",
    "chosen_types",
    "compare_flow",
    "flow_spec",
    "flow_state",
    "flow_trouble",
    "imports_of",
    "is_written_in_python",
    "last_reconcile",
    "last_sync",
    "location_template",
    "look_at_flow",
    "look_at_tokens",
    "open_supervisor",
    "plan_locations",
    "read_locations",
    "readers_of",
    "reconcile_flow",
    "running",
    "set_flow_state",
    "settle_clashes",
    "shadow_report",
    "shown_state",
    "sync_flow",
    "upkeep_of",
]
