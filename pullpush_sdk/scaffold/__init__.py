"""Making connectors: a new one from the template, more in one that exists, and a newer template merged in."""

from ._add import Part, add
from ._answers import AUTH, KINDS, PAGING, TYPES, Answers
from ._from import FORMATS, DraftedFiles, draft_files, proposer_of, sketch_of
from ._names import Names, names_of
from ._project import RECORD, Record, read_record, write_new
from ._template import TEMPLATE_VERSION, render, template_folder
from ._try import Trial, run_tests, run_validate
from ._update import CONFLICT, Change, update

__all__ = [
    "AUTH",
    "CONFLICT",
    "FORMATS",
    "KINDS",
    "PAGING",
    "RECORD",
    "TEMPLATE_VERSION",
    "TYPES",
    "Answers",
    "Change",
    "DraftedFiles",
    "Names",
    "Part",
    "Record",
    "Trial",
    "add",
    "draft_files",
    "names_of",
    "proposer_of",
    "read_record",
    "render",
    "run_tests",
    "run_validate",
    "sketch_of",
    "template_folder",
    "update",
    "write_new",
]
