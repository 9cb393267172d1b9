"""Declarative maps: native records to canonical ones, and canonical ones to native bodies.

A document is parsed to a spec, checked with every problem collected, compiled to straight-line Python, and has a
slow interpreter as its oracle. `project` makes a decoder that reads of a page only what maps need.
"""

from ._check import check_body, check_map
from ._compile import CompiledBody, CompiledMap, Mapped, compile_body, compile_map
from ._coverage import Coverage, FieldCoverage, coverage
from ._decode import DecodedPage, Decoder, full_decoder, project
from ._explain import Explained, explain, interpret, interpret_body
from ._functions import Functions
from ._interpret import read_path
from ._parse import parse_body, parse_map
from ._path import parse_path
from ._transforms import transforms
from ._unread import Unread, unread
from .spec import Condition, ListTemplate, Literal, Map, ObjectTemplate, Path, Rule, Step, Template

__all__ = [
    "CompiledBody",
    "CompiledMap",
    "Condition",
    "Coverage",
    "DecodedPage",
    "Decoder",
    "Explained",
    "FieldCoverage",
    "Functions",
    "ListTemplate",
    "Literal",
    "Map",
    "Mapped",
    "ObjectTemplate",
    "Path",
    "Rule",
    "Step",
    "Template",
    "Unread",
    "check_body",
    "check_map",
    "compile_body",
    "compile_map",
    "coverage",
    "explain",
    "full_decoder",
    "interpret",
    "interpret_body",
    "parse_body",
    "parse_map",
    "parse_path",
    "project",
    "read_path",
    "transforms",
    "unread",
]
