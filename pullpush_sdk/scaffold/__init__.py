"""Making connectors: a new one from the template, more in one that exists, and a newer template merged in."""

from ._answers import AUTH, KINDS, PAGING, TYPES, Answers
from ._names import Names, names_of
from ._project import RECORD, Record, read_record, write_new
from ._template import TEMPLATE_VERSION, render, template_folder
from ._try import Trial, run_tests, run_validate

__all__ = [
    "AUTH",
    "KINDS",
    "PAGING",
    "RECORD",
    "TEMPLATE_VERSION",
    "TYPES",
    "Answers",
    "Names",
    "Record",
    "Trial",
    "names_of",
    "read_record",
    "render",
    "run_tests",
    "run_validate",
    "template_folder",
    "write_new",
]
