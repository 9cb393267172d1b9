"""Making connectors: a new one from the template, more in one that exists, and a newer template merged in."""

from ._answers import AUTH, KINDS, PAGING, TYPES, Answers
from ._from import FORMATS, DraftedFiles, draft_files, proposer_of, sketch_of
from ._names import Names, names_of
from ._project import RECORD, Record, read_record, write_new
from ._template import TEMPLATE_VERSION, render, template_folder
from ._try import Trial, run_tests, run_validate

__all__ = [
    "AUTH",
    "FORMATS",
    "KINDS",
    "PAGING",
    "RECORD",
    "TEMPLATE_VERSION",
    "TYPES",
    "Answers",
    "DraftedFiles",
    "Names",
    "Record",
    "Trial",
    "draft_files",
    "names_of",
    "proposer_of",
    "read_record",
    "render",
    "run_tests",
    "run_validate",
    "sketch_of",
    "template_folder",
    "write_new",
]
