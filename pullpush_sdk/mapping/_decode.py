"""Page bytes to records: read whole, or only as far as maps need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs
import msgspec

from pullpush_sdk.canonical import UNSET, loads
from pullpush_sdk.errors import ContractError

from ._interpret import walk
from ._path import parse_path
from ._shape import Layout, ObjectLayout, Shape, laid_out, read_by
from ._values import same
from .spec import Every, Index, Key, Map, Move, Path, Where


@attrs.frozen(kw_only=True)
class DecodedPage:
    """A decoded page.

    `records` suit `CompiledMap.many`; treat them as opaque. `extra` holds the value of every extra path, UNSET
    where it is missing. `found` is false where the records path led to nothing; null there is an empty list, as some
    platforms write it. `projected` is true where only the parts that the maps read were decoded.
    """

    records: list[Any]
    extra: Mapping[str, Any]
    found: bool
    projected: bool


class Decoder:
    """Decodes pages of one shape; `decode` may be called any number of times."""

    def __init__(self, *, records_path: str, extra: Iterable[str], maps: Iterable[Map] | None) -> None:
        self._records = _page_path(records_path)
        self._extra = {text: _page_path(text) for text in extra}
        self._typed: msgspec.json.Decoder[Any] | None = None
        self._layout: Layout | None = None
        if maps is not None:
            kind, self._layout = laid_out(self._shape(maps))
            if self._layout is not None:
                self._typed = msgspec.json.Decoder(kind, float_hook=Decimal)

    def decode(self, data: bytes | str) -> DecodedPage:
        """A page of bytes.

        A page that is not shaped as the maps expect is decoded whole, so that each record can be judged by itself.

        Raises:
            msgspec.DecodeError: not JSON, or nested too deeply.
            ContractError: the records path leads to something that is neither a list nor an object.
        """
        try:
            if self._typed is not None:
                try:
                    return self._page(self._typed.decode(data), self._layout)
                except msgspec.ValidationError:
                    pass  # the whole page is decoded below
            return self._page(loads(data), None)
        except RecursionError:
            raise msgspec.DecodeError("JSON is nested too deeply") from None

    def _shape(self, maps: Iterable[Map]) -> Shape:
        page = Shape()
        record = page.grow(self._records.moves)
        if not self._records.collects:
            record = record.grow([Every()])
        for each in maps:
            read_by(each, record)
        if not record.keys and record.item is None:
            record.whole = True
        for path in self._extra.values():
            page.grow(path.moves).whole = True
        return page

    def _page(self, page: Any, layout: Layout | None) -> DecodedPage:
        found = _walk(page, layout, self._records.moves)
        if found is UNSET or found is None:
            records: list[Any] = []
        elif found.__class__ is list:
            records = found
        elif isinstance(found, dict):
            records = [found]
        else:
            raise ContractError(
                f"{self._records.text} is neither a list of records nor one record",
                hint="look at an answer, and correct the records path",
            )
        return DecodedPage(
            records=records,
            extra={text: _walk(page, layout, path.moves) for text, path in self._extra.items()},
            found=found is not UNSET,
            projected=layout is not None,
        )


def project(maps: Map | Iterable[Map], *, records_path: str = "$", extra: Iterable[str] = ()) -> Decoder:
    """A decoder that reads of each record only what the maps read, and of the page only `extra` beside it.

    `records_path` leads from the page to its list of records (`data.products`, `data.edges[*].node`, `$`); a
    single object there is one record. Where a map needs whole records, or a page is shaped otherwise than the
    maps expect, pages are decoded whole. Results do not depend on which way was taken, digit for digit.

    Raises:
        ValueError: `records_path` or an extra path is not a path.
    """
    return Decoder(records_path=records_path, extra=extra, maps=[maps] if isinstance(maps, Map) else list(maps))


def full_decoder(*, records_path: str = "$", extra: Iterable[str] = ()) -> Decoder:
    """A decoder that reads everything; see `project`."""
    return Decoder(records_path=records_path, extra=extra, maps=None)


def _page_path(text: str) -> Path:
    path = parse_path(text or "$")
    if path.root == "@":
        raise ValueError(f"{text!r} reads the context; a page has none")
    return path


def _walk(value: Any, layout: Layout | None, moves: tuple[Move, ...]) -> Any:
    """The value at the moves from a page that was decoded with `layout`."""
    if value is UNSET or layout is None:
        return walk(value, moves)
    if not moves:
        return value
    if value is None:
        return UNSET
    move, rest = moves[0], moves[1:]
    if isinstance(layout, ObjectLayout):
        assert isinstance(move, Key)
        attribute, inner = layout.keys[move.name]
        return _walk(getattr(value, attribute), inner, rest)
    if isinstance(move, Every):
        parts = [part for item in value if (part := _walk(item, layout.item, rest)) is not UNSET]
        flat = any(isinstance(each, Every) for each in rest)
        return [each for part in parts for each in part] if flat else parts
    return _walk(_item(value, layout.item, move), layout.item, rest)


def _item(items: list[Any], layout: Layout, move: Move) -> Any:
    """The item of a projected list that an index or a filter picks."""
    if isinstance(move, Index):
        return items[move.at] if move.at < len(items) else UNSET
    assert isinstance(move, Where)
    keys = tuple(Key(name) for name in move.keys)
    return next((item for item in items if same(_walk(item, layout, keys), move.equals)), UNSET)
