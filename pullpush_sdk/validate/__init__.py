"""The submission check: what is wrong with a connector, where, and how to mend it; and what is proven of it."""

from ._behaviour import Effort
from ._bundle import Checked, check_bundle, write_bundle
from ._case import Case
from ._catalogue import FAMILIES, rule, shipped
from ._examples import edited, write_example
from ._fix import Fixed, fix
from ._live import Live, run_live
from ._matching import exchanges_of, list_records
from ._model import LEVELS, Example, Finding, Point, Report, Rule, Trial
from ._pages import page, pages
from ._run import Options, Validated, validate, validate_target
from ._target import Target, find_target
from ._watch import watch
from .formats import FORMATS

__all__ = [
    "FAMILIES",
    "FORMATS",
    "LEVELS",
    "Case",
    "Checked",
    "Effort",
    "Example",
    "Finding",
    "Fixed",
    "Live",
    "Options",
    "Point",
    "Report",
    "Rule",
    "Target",
    "Trial",
    "Validated",
    "check_bundle",
    "edited",
    "exchanges_of",
    "find_target",
    "fix",
    "list_records",
    "page",
    "pages",
    "rule",
    "run_live",
    "shipped",
    "validate",
    "validate_target",
    "watch",
    "write_bundle",
    "write_example",
]
