"""What an OpenAPI 3 or Swagger 2 document says of a platform: requests, answers, paging, sign-in, webhooks.

The document is read as it is written: nothing is fetched, references may run in circles, and every walk is bounded.
"""

from .api import Answer, Api, Body, Notice, Operation, api_of, read_api, read_api_text
from .document import read_document
from .lists import ListPaging, RecordList, paging_of, records_of, since_of
from .shapes import Param, Shape, field_paths, required_paths, shape_of_examples, with_examples
from .trim import trimmed
from .values import OPEN, made_value
from .words import singular, snake, words_of

__all__ = [
    "OPEN",
    "Answer",
    "Api",
    "Body",
    "ListPaging",
    "Notice",
    "Operation",
    "Param",
    "RecordList",
    "Shape",
    "api_of",
    "field_paths",
    "made_value",
    "paging_of",
    "read_api",
    "read_api_text",
    "read_document",
    "records_of",
    "required_paths",
    "shape_of_examples",
    "since_of",
    "singular",
    "snake",
    "trimmed",
    "with_examples",
    "words_of",
]
