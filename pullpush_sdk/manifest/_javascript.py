"""JavaScript literals as data: objects, lists, texts, numbers, true, false, null, and nothing that would have to run.

Guides show MiniApp documents as object literals: unquoted keys, single quotes, comments, trailing commas, template
strings. JSON is a subset, so this reader also finds the places of a JSON document. It is a plain recursive descent
over the literal part of the grammar rather than a JavaScript parser: what is wrong is then named at its character,
and hostile text costs linear time. Anything that would have to be evaluated (a name, a call, a spread, a function, a
substitution) is one problem at its place, and reading goes on after it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from pullpush_sdk.errors import Problem

from ._document import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_NODES,
    Document,
    Findings,
    Lines,
    ParseStopped,
    Position,
    below,
    exact_number,
    refuse,
)

Json = Any

# Possessive repeats throughout: hostile text must not make a pattern try again.
_BLANK = re.compile(r"(?:[\s\ufeff]++|//[^\n\r]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+")
_NAME = re.compile(r"(?:[^\W\d]|\$)[\w$]*+")
_WORD = re.compile(r"[\w$]++")
_STRING = re.compile(r"""'(?:[^'\\\n\r]|\\(?:\r\n|[\s\S]))*+'|"(?:[^"\\\n\r]|\\(?:\r\n|[\s\S]))*+\"""")
_TEMPLATE = re.compile(r"`(?:[^`\\$]|\\(?:\r\n|[\s\S])|\$(?!\{))*+`")
_NUMBER = re.compile(
    r"(?:0[xX][0-9a-fA-F_]++|0[oO][0-7_]++|0[bB][01_]++|(?:\d[\d_]*+\.?[\d_]*+|\.\d[\d_]*+)(?:[eE][+-]?\d++)?)"
)
_REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/[a-z]*+")
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))")
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None}
_OPERATOR = re.compile(r"[-+*%.(?&|=<>!^~`/\[]|(?:in|instanceof|as|satisfies)\b")
_PREFIX = re.compile(
    r"(?:export\s+default\b|(?:module\.)?exports(?:\.\w+)?\s*=|(?:export\s+)?(?:const|let|var)\s+[$\w]+\s*(?::[^=\n]*)?=)"
)
_CLOSING = {"{": "}", "[": "]", "(": ")"}
_RUN = "a manifest is data: write the value itself"


def parse_javascript(text: str, file: str) -> Document:
    """An object literal as a Document.

    A leading `const x =`, `module.exports =`, `export default` or `key:` is allowed; after `key:` come members
    without their braces (`sync: {…},`), and the value is the object that they are members of.

    Raises:
        ManifestError: not a literal; every expression in it is a problem, the first syntax error the last one.
    """
    reader = _Reader(text, file)
    try:
        value = reader.read_document()
    except ParseStopped as stop:
        raise refuse(file, [*reader.problems, stop.problem(file)]) from None
    if reader.problems:
        raise refuse(file, reader.problems)
    return Document(value=value, file=file, format="js", positions=reader.positions, keys=reader.keys)


def looks_like_javascript(text: str) -> bool:
    """Whether a text that names no format begins like a literal rather than like YAML."""
    start = _BLANK.match(text)
    at = start.end() if start else 0
    if text[at : at + 1] in {"{", "[", "("} or _PREFIX.match(text, at):
        return True
    return (
        re.compile(r"""[$\w'".-]+\s*:\s*\{\s*(?:$|//|/\*|[$\w'"]+\s*:|\})""", re.MULTILINE).match(text, at) is not None
    )


class _Reader:
    """One pass over the text; `_at` is the next character."""

    def __init__(self, text: str, file: str) -> None:
        self.positions: dict[str, Position] = {}
        self.keys: dict[str, Position] = {}
        self._text = text
        self._findings = Findings(file)
        self._lines = Lines(text)
        self._at = 0
        self._nodes = 0

    @property
    def problems(self) -> list[Problem]:
        """What was found so far."""
        return self._findings.problems

    def read_document(self) -> Json:
        self._skip_blank()
        self.positions["$"] = self._place()
        if self._members_begin():
            value: Json = {}
            self._read_members(value, "$", depth=1, closing="")
        else:
            if prefix := _PREFIX.match(self._text, self._at):
                self._at = prefix.end()
            value = self._read_wrapped()
        self._skip_blank()
        while self._peek() in {";", ","}:
            self._at += 1
            self._skip_blank()
        if self._at < len(self._text):
            raise self._unexpected("nothing after the document's end")
        return value

    def _read_wrapped(self) -> Json:
        self._skip_blank()
        wrapped = self._peek() == "("
        if wrapped:
            self._at += 1
        value = self._read_value("$", 0)
        self._skip_blank()
        if wrapped:
            self._expect(")", "`)`")
        return value

    def _members_begin(self) -> bool:
        """Whether the text begins with `key:` instead of a value."""
        at = self._at
        found = _NAME.match(self._text, at) or _STRING.match(self._text, at)
        if found is None:
            return False
        blank = _BLANK.match(self._text, found.end())
        return self._text.startswith(":", blank.end() if blank else found.end())

    def _read_value(self, path: str, depth: int) -> Json:
        self._skip_blank()
        self._count()
        self.positions[path] = self._place()
        start = self._at
        value, literal = self._read_literal(path, depth)
        if literal:
            self._skip_blank()
            if not _OPERATOR.match(self._text, self._at):
                return value
            self._at = start
        self._report_expression(path)
        return None

    def _read_literal(self, path: str, depth: int) -> tuple[Json, bool]:
        """The literal here and True, or False where something else begins; reading then stands where it began."""
        char = self._peek()
        if char in {"{", "["}:
            if depth >= MAX_DEPTH:
                raise ParseStopped(f"nested deeper than {MAX_DEPTH} levels", self._place(), code="limit")
            self._at += 1
            return (self._read_object if char == "{" else self._read_list)(path, depth + 1), True
        if char in {"'", '"'}:
            return self._read_text(path), True
        if char == "`":
            return self._read_template(path)
        if char.isdigit() or char in {"-", "+", "."}:
            return self._read_number(path)
        found = _NAME.match(self._text, self._at)
        if found and found[0] in _WORDS:
            self._at = found.end()
            return _WORDS[found[0]], True
        if found or char in {"/", "(", "!", "~", "@", "#"}:
            return None, False
        raise self._unexpected("a value")

    def _read_object(self, path: str, depth: int) -> Json:
        value: dict[str, Json] = {}
        self._read_members(value, path, depth=depth, closing="}")
        self._at += 1
        return value

    def _read_members(self, into: dict[str, Json], path: str, *, depth: int, closing: str) -> None:
        """Members up to the closing brace, which stays unread; an empty `closing` means the text's end."""
        expected = f"`,` or `{closing}`" if closing else "`,` or the end"
        while True:
            self._skip_blank()
            if self._peek() == closing or (self._peek() == ";" and not closing):
                return
            self._read_member(into, path, depth, closing)
            self._skip_blank()
            if self._peek() == ",":
                self._at += 1
            elif self._peek() != closing and not (self._peek() == ";" and not closing):
                raise self._unexpected(expected)

    def _read_member(self, into: dict[str, Json], path: str, depth: int, closing: str) -> None:
        place, start = self._place(), self._at
        key = self._read_key(closing)
        self._skip_blank()
        if key is None or self._peek() != ":":
            if key is not None and self._peek() not in {",", closing, "("}:
                raise self._unexpected("`:` after the key")
            self._at = start
            self._report_expression(path)
            return
        self._at += 1
        inner = below(path, key)
        if key in into:
            hint = f"it stands in line {self.keys[inner][0]} too"
            self._findings.add(f"the key {key[:60]!r} again", inner, place, hint)
        self.keys.setdefault(inner, place)
        into[key] = self._read_value(inner, depth)

    def _read_key(self, closing: str) -> str | None:
        """The key here, None where a spread or a computed key stands."""
        char = self._peek()
        if char in {"'", '"'}:
            return self._read_text("$")
        found = _NAME.match(self._text, self._at) or re.compile(r"\d+").match(self._text, self._at)
        if found:
            self._at = found.end()
            return found[0]
        if char == "[" or self._text.startswith("...", self._at):
            return None
        raise self._unexpected(f"a key or `{closing}`" if closing else "a key")

    def _read_list(self, path: str, depth: int) -> Json:
        value: list[Json] = []
        while True:
            self._skip_blank()
            if self._peek() == "]":
                self._at += 1
                return value
            if self._text.startswith("...", self._at):
                self._report_expression(below(path, len(value)))
            else:
                value.append(self._read_value(below(path, len(value)), depth))
            self._skip_blank()
            if self._peek() == ",":
                self._at += 1
            elif self._peek() != "]":
                raise self._unexpected("`,` or `]`")

    def _read_text(self, path: str) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None:
            raise ParseStopped("a text without its closing quote", self._place(), "close it on the same line")
        place = self._place()
        self._at = found.end()
        return self._unescaped(found[0][1:-1], path, place)

    def _read_template(self, path: str) -> tuple[Json, bool]:
        found = _TEMPLATE.match(self._text, self._at)
        if found is None:
            if self._after_template(self._at) is None:
                raise ParseStopped("a template string without its closing `", self._place())
            return None, False
        place = self._place()
        self._at = found.end()
        return self._unescaped(found[0][1:-1].replace("\r\n", "\n"), path, place), True

    def _read_number(self, path: str) -> tuple[Json, bool]:
        start, place = self._at, self._place()
        sign = self._peek() if self._peek() in {"-", "+"} else ""
        self._at += len(sign)
        self._skip_blank()
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            self._at = start
            if sign or self._text.startswith("...", start):
                return None, False
            raise self._unexpected("a value")
        self._at = found.end()
        if _NAME.match(self._text, self._at):
            raise self._unexpected("`,` after the number")
        try:
            number = _number(found[0])
        except ValueError as error:
            self._findings.add(str(error), path, place, "put it in quotes if it is text")
            return None, True
        if sign == "-":
            # A Decimal's own minus would round it to the context's digits.
            number = number.copy_negate() if isinstance(number, Decimal) else -number
        return number, True

    def _unescaped(self, raw: str, path: str, place: Position) -> str:
        if "\\" not in raw:
            return raw

        def char(found: re.Match[str]) -> str:
            digits = found[1] or found[2] or found[3]
            if digits:
                return chr(int(digits, 16)) if int(digits, 16) <= 0x10FFFF else "\ufffd"
            if found[4] in {"\n", "\r", "\r\n", "\u2028", "\u2029"}:
                return ""
            return _ESCAPES.get(found[4], found[4])

        text = _ESCAPE.sub(char, raw)
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self._findings.add("half a surrogate pair", path, place, "write the character itself")
            return ""

    def _report_expression(self, path: str) -> None:
        """Names what would have to run, and skips it."""
        start, place = self._at, self._place()
        self._skip_expression()
        shown = " ".join(self._text[start : self._at].split())
        if shown == "undefined":
            message, hint = "`undefined` is no value", "write null, or leave the key out"
        elif shown.startswith("`") and "${" in shown:
            message, hint = "a substitution `${…}` in a template string", "write the text itself, or {{name}}"
        else:
            message, hint = f"an expression `{shown[:40]}{'…' if len(shown) > 40 else ''}`", _RUN
        self._findings.add(message, path, place, hint)

    def _skip_expression(self) -> None:
        """Reads on to the `,` or closing bracket that ends what begins here."""
        waiting: list[str] = []
        operand = True
        while self._at < len(self._text):
            char = self._text[self._at]
            if not waiting and char in ",}]);":
                return
            if char in _CLOSING:
                waiting.append(_CLOSING[char])
                self._at += 1
                operand = True
            elif waiting and char == waiting[-1]:
                waiting.pop()
                self._at += 1
                operand = False
            elif char in ")]}":
                raise self._unexpected(f"`{waiting[-1]}`")
            else:
                operand = self._skip_token(char, operand=operand)
        if waiting:
            raise self._unexpected(f"`{waiting[-1]}`")

    def _skip_token(self, char: str, *, operand: bool) -> bool:
        """Steps over one token; returns whether an operand may follow (then `/` begins a regular expression)."""
        blank = _BLANK.match(self._text, self._at)
        if blank and blank.end() > self._at:
            self._at = blank.end()
            return operand
        if char in {"'", '"'}:
            self._read_text("$")
            return False
        if char == "`":
            end = self._after_template(self._at)
            if end is None:
                raise ParseStopped("a template string without its closing `", self._place())
            self._at = end
            return False
        if char == "/" and operand:
            # Where a value is due, a slash that opens no regular expression ends the reading: trying the next one
            # too would cost as much again.
            if (regex := _REGEX.match(self._text, self._at)) is None:
                raise ParseStopped("a regular expression without its closing /", self._place())
            self._at = regex.end()
            return False
        found = _WORD.match(self._text, self._at)
        if found:
            self._at = found.end()
            return found[0] in {"return", "typeof", "in", "of"}
        self._at += 1
        return not char.isalnum()

    def _after_template(self, start: int) -> int | None:
        """Where a template string that begins at `start` ends, with the strings inside its substitutions."""
        inside: list[str] = []
        at = start
        while at < len(self._text):
            char = self._text[at]
            in_template = bool(inside) and inside[-1] == "`"
            if char == "\\":
                at += 1
            elif char == "`":
                if in_template:
                    inside.pop()
                    if not inside:
                        return at + 1
                else:
                    inside.append("`")
            elif in_template and self._text.startswith("${", at):
                inside.append("}")
                at += 1
            elif not in_template and char == "{":
                inside.append("}")
            elif not in_template and char == "}":
                inside.pop()
            at += 1
        return None

    def _skip_blank(self) -> None:
        found = _BLANK.match(self._text, self._at)
        assert found is not None
        self._at = found.end()
        if self._text.startswith("/*", self._at):
            raise ParseStopped("a comment without its closing */", self._place())

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _place(self) -> Position:
        return self._lines.position(self._at)

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise ParseStopped(f"more than {MAX_NODES:,} values", self._place(), code="limit")

    def _expect(self, char: str, shown: str) -> None:
        if self._peek() != char:
            raise self._unexpected(shown)
        self._at += 1

    def _unexpected(self, expected: str) -> ParseStopped:
        found = _NAME.match(self._text, self._at) or _NUMBER.match(self._text, self._at)
        shown = f"`{found[0][:30]}`" if found else f"`{self._peek()}`" if self._peek() else "the end of the file"
        return ParseStopped(f"expected {expected}, found {shown}", self._place())


def _number(text: str) -> Json:
    """A JavaScript number from its digits: separators and other bases are read, a leading zero is refused."""
    digits = text.replace("_", "")
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number out of all proportion")
    if digits[:2].lower() in {"0x", "0o", "0b"}:
        return int(digits, 0)
    if re.match(r"0\d", digits):
        raise ValueError("a number with a leading zero")
    head, dot, tail = digits.partition(".")
    if dot and not re.match(r"\d", tail):
        return exact_number(head + tail)
    return exact_number((head or "0") + dot + tail)
