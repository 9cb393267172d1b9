"""Flows in motion: checking them, running them once, and sharing one store among processes."""

from ._check import Checked, check_all, check_connection, check_flow
from ._compare import FINDINGS, Difference, FlowComparison, TypeComparison, chosen_types, compare_flow
from ._desk import DeadReport, Desk
from ._locations import location_template, plan_locations, read_locations
from ._look import FlowLook, TokenLook, look_at_flow, look_at_tokens
from ._reconcile import ReconcileReport, last_reconcile, reconcile_flow
from ._report import Progress, Silent, SyncReport
from ._shadow import ShadowDifference, ShadowReport, shadow_report
from ._spec import flow_spec, readers_of
from ._states import STATES, State, flow_state, last_sync, set_flow_state
from ._sync import sync_flow

__all__ = [
    "FINDINGS",
    "STATES",
    "Checked",
    "DeadReport",
    "Desk",
    "Difference",
    "FlowComparison",
    "FlowLook",
    "Progress",
    "ReconcileReport",
    "ShadowDifference",
    "ShadowReport",
    "Silent",
    "State",
    "SyncReport",
    "TokenLook",
    "TypeComparison",
    "check_all",
    "check_connection",
    "check_flow",
    "chosen_types",
    "compare_flow",
    "flow_spec",
    "flow_state",
    "last_reconcile",
    "last_sync",
    "location_template",
    "look_at_flow",
    "look_at_tokens",
    "plan_locations",
    "read_locations",
    "readers_of",
    "reconcile_flow",
    "set_flow_state",
    "shadow_report",
    "sync_flow",
]
