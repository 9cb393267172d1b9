"""The search syntax of list arguments called `query`, with the surprises of the recorded parser.

    updated_at:>='2026-11-01T00:00:00Z' AND (sku:A-1 OR sku:A-2) -tag:old status:active,draft

- A time must be quoted. Without quotes the value ends at its first colon, the date before it counts from midnight
  in the shop's own zone, and what is behind the colon becomes a term of its own.
- A field that the list does not know matches everything and only adds a warning to the answer's `extensions`.
- `>` is `>=` and `<` is `<=`.

Text is compared without regard to case. What the platform's index tokenises is compared whole here, except for
terms without a field and a value that ends in `*`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import attrs

__all__ = ["Field", "Search", "Term", "parse_search"]

Predicate = Callable[[Any], bool]

_FIELD = re.compile(r"[A-Za-z_][\w.]*|\d+")
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
_WORDS = {"AND", "OR", "NOT"}


@attrs.frozen
class Field:
    """A searchable field: `kind` is time, day, id, number, bool or text; `read` gives a value or a list of them.

    `key` names the store's index that answers an exact term, where there is one.
    """

    kind: str
    read: Callable[[Any], Any]
    key: str = ""


@attrs.frozen
class Term:
    """`field:op value`; `field` is None for free text, `op` one of "", ">=" and "<="."""

    field: str | None
    op: str
    value: str
    quoted: bool


@attrs.frozen
class _Group:
    word: str
    parts: tuple[Any, ...]


@attrs.frozen(kw_only=True)
class Search:
    """A parsed query over the fields of one list.

    `narrow` finds candidates through the store's indexes, or None where every record must be looked at.
    """

    text: str
    tree: Any
    fields: Mapping[str, Field]
    zone: ZoneInfo
    free_text: Callable[[Any], str]

    def matches(self) -> Predicate:
        """A function that says whether a record matches."""
        return self._compile(self.tree)

    def warnings(self) -> list[dict[str, str]]:
        """One entry per term whose field this list does not know."""
        message = "Invalid search field for this query."
        return [
            {"field": term.field, "message": message, "code": "invalid_field"}
            for term in _terms(self.tree)
            if term.field is not None and term.field not in self.fields
        ]

    def parsed(self) -> dict[str, Any]:
        """The tree in the form that the platform shows beside warnings."""
        return self._show(self.tree)

    def narrow(self, find: Callable[[str, str], Iterable[Any]]) -> list[Any] | None:
        """Candidates by `find(index, value)`, or None where no index helps."""
        found = self._narrow(self.tree, find)
        return None if found is None else list({id(record): record for record in found}.values())

    def _narrow(self, node: Any, find: Callable[[str, str], Iterable[Any]]) -> list[Any] | None:
        if isinstance(node, Term):
            field = self.fields.get(node.field or "")
            if field is None or not field.key or node.op or not node.value or _is_open(node):
                return None
            return list(find(field.key, node.value.casefold()))
        if node.word == "not":
            return None
        found = [self._narrow(part, find) for part in node.parts]
        if node.word == "and":
            return next((records for records in found if records is not None), None)
        if any(records is None for records in found):
            return None
        return [record for records in found if records is not None for record in records]

    def _compile(self, node: Any) -> Predicate:
        if isinstance(node, Term):
            return self._compile_term(node)
        tests = [self._compile(part) for part in node.parts]
        if node.word == "not":
            return lambda record: not tests[0](record)
        if len(tests) == 1:
            return tests[0]
        if node.word == "or":
            return lambda record: any(test(record) for test in tests)
        return lambda record: all(test(record) for test in tests)

    def _compile_term(self, term: Term) -> Predicate:
        if term.field is None:
            wanted = term.value.casefold()
            return lambda record: wanted in self.free_text(record).casefold()
        field = self.fields.get(term.field)
        if field is None or not term.value:
            return lambda _: True
        if field.kind == "time":
            return _time_test(field, term, self.zone)
        if field.kind == "day":
            return _day_test(field, term, self.zone)
        if field.kind in ("id", "number"):
            return _number_test(field, term)
        return _text_test(field, term)

    def _show(self, node: Any) -> dict[str, Any]:
        if not isinstance(node, Term):
            if node.word == "not":
                return {"not": self._show(node.parts[0])}
            return {node.word: [self._show(part) for part in node.parts]}
        if node.op:
            field = self.fields.get(node.field or "")
            value: Any = node.value
            if field is not None and field.kind in ("time", "day") and not node.quoted:
                value = _shop_midnight(node.value, self.zone).isoformat()
            elif field is not None and field.kind in ("id", "number") and node.value.isdecimal():
                value = int(node.value)
            shown = {"range_gte" if node.op == ">=" else "range_lte": value}
        else:
            shown = {"match_phrase" if node.quoted else "match_all": node.value}
        return {"field": node.field, **shown} if node.field is not None else shown


def parse_search(text: str, fields: Mapping[str, Field], zone: ZoneInfo, free_text: Callable[[Any], str]) -> Search:
    """Read a query; there is no such thing as a syntax error in it."""
    tokens = list(_scan(text))
    tree, rest = _parse_or(tokens)
    parts = [tree]
    while rest:
        # A stray closing parenthesis: what follows goes on as if it were not there.
        tree, rest = _parse_or(rest[1:])
        parts.append(tree)
    whole = parts[0] if len(parts) == 1 else _Group("and", tuple(parts))
    return Search(text=text, tree=whole, fields=fields, zone=zone, free_text=free_text)


def _terms(node: Any) -> Iterator[Term]:
    if isinstance(node, Term):
        yield node
    else:
        for part in node.parts:
            yield from _terms(part)


def _scan(text: str) -> Iterator[str | Term]:
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
        elif char in "()":
            yield char
            at += 1
        elif char == "-" and at + 1 < len(text) and not text[at + 1].isspace():
            yield "NOT"
            at += 1
        else:
            token, at = _scan_term(text, at)
            yield token


def _scan_term(text: str, at: int) -> tuple[str | Term, int]:
    field = None
    match = _FIELD.match(text, at)
    if match and text[match.end() : match.end() + 1] == ":":
        field, at = match.group(), match.end() + 1
    elif match and match.group() in _WORDS and (match.end() == len(text) or text[match.end()] in " ()"):
        return match.group(), match.end()
    op = ""
    if field is not None:
        for sign in (">=", "<=", ">", "<"):
            if text.startswith(sign, at):
                op, at = sign[0] + "=", at + len(sign)
                break
    if at < len(text) and text[at] in "'\"":
        value, at = _scan_quoted(text, at)
        return Term(field, op, value, quoted=True), at
    end = at
    while end < len(text) and not text[end].isspace() and text[end] not in "()" and text[end] != ":":
        end += 1
    value = text[at:end]
    # The recorded cut: what stands behind the colon is scanned as the next term.
    return Term(field, op, value, quoted=False), end + (text[end : end + 1] == ":")


def _scan_quoted(text: str, at: int) -> tuple[str, int]:
    quote, out, at = text[at], [], at + 1
    while at < len(text) and text[at] != quote:
        at += text[at] == "\\"
        out.append(text[at : at + 1])
        at += 1
    return "".join(out), at + 1


def _parse_or(tokens: list[str | Term]) -> tuple[Any, list[str | Term]]:
    left, tokens = _parse_and(tokens)
    parts = [left]
    while tokens and tokens[0] == "OR":
        right, tokens = _parse_and(tokens[1:])
        parts.append(right)
    return (parts[0] if len(parts) == 1 else _Group("or", tuple(parts))), tokens


def _parse_and(tokens: list[str | Term]) -> tuple[Any, list[str | Term]]:
    parts: list[Any] = []
    while tokens and tokens[0] not in ("OR", ")"):
        if tokens[0] == "AND":
            tokens = tokens[1:]
            continue
        part, tokens = _parse_not(tokens)
        if part is not None:
            parts.append(part)
    return (parts[0] if len(parts) == 1 else _Group("and", tuple(parts))), tokens


def _parse_not(tokens: list[str | Term]) -> tuple[Any, list[str | Term]]:
    head, tokens = tokens[0], tokens[1:]
    if head == "NOT":
        if not tokens or tokens[0] in ("AND", "OR", ")"):
            return None, tokens
        part, tokens = _parse_not(tokens)
        return (None if part is None else _Group("not", (part,))), tokens
    if head == "(":
        part, tokens = _parse_or(tokens)
        return part, tokens[1:]
    return head, tokens


def _is_open(term: Term) -> bool:
    return not term.quoted and (term.value.endswith("*") or "," in term.value)


def _shop_midnight(value: str, zone: ZoneInfo) -> datetime:
    match = _DATE.match(value)
    if match is None:
        return datetime.min.replace(tzinfo=UTC)
    year, month, day = (int(part) if part else 1 for part in match.groups())
    try:
        return datetime(year, month, day, tzinfo=zone)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _moment(term: Term, zone: ZoneInfo) -> tuple[datetime, timedelta]:
    """The instant that a term names, and how long it lasts: a second, or a day for a bare date."""
    if term.quoted and "T" in term.value:
        try:
            moment = datetime.fromisoformat(term.value)
        except ValueError:
            return _shop_midnight(term.value, zone), timedelta(days=1)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)), timedelta(seconds=1)
    return _shop_midnight(term.value, zone), timedelta(days=1)


def _time_test(field: Field, term: Term, zone: ZoneInfo) -> Predicate:
    moment, length = _moment(term, zone)
    read = field.read
    if term.op == ">=":
        return lambda record: (value := read(record)) is not None and value >= moment
    end = moment + timedelta(seconds=1) if length < timedelta(days=1) else moment
    if term.op == "<=":
        # The index holds whole seconds: a record of the border second is not later than the border.
        return lambda record: (value := read(record)) is not None and (value < end or value == moment)
    return lambda record: (value := read(record)) is not None and moment <= value < moment + length


def _day_test(field: Field, term: Term, zone: ZoneInfo) -> Predicate:
    day = _moment(term, zone)[0].astimezone(zone).date()
    read = field.read
    if term.op == ">=":
        return lambda record: read(record).astimezone(zone).date() >= day
    if term.op == "<=":
        return lambda record: read(record).astimezone(zone).date() <= day
    return lambda record: read(record).astimezone(zone).date() == day


def _number_test(field: Field, term: Term) -> Predicate:
    text = term.value.rsplit("/", 1)[-1] if field.kind == "id" else term.value
    try:
        wanted = Decimal(text)
    except InvalidOperation:
        return lambda _: False
    read = field.read
    if term.op == ">=":
        return lambda record: any(value >= wanted for value in _values(read(record)))
    if term.op == "<=":
        return lambda record: any(value <= wanted for value in _values(read(record)))
    return lambda record: any(value == wanted for value in _values(read(record)))


def _text_test(field: Field, term: Term) -> Predicate:
    value = term.value.casefold()
    choices = [value] if term.quoted else [part for part in value.split(",") if part]
    exact = {choice for choice in choices if term.quoted or not choice.endswith("*")}
    starts = tuple(choice[:-1] for choice in choices if choice not in exact)
    read = field.read

    def test(record: Any) -> bool:
        for found in _values(read(record)):
            text = str(found).casefold()
            if text in exact or (starts and text.startswith(starts)):
                return True
        return False

    return test


def _values(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else (value,)
