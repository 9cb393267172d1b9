"""A document's operations, sign-in and webhooks as values. Shapes are worked out when they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from .document import LARGEST, read_document, read_text
from .schemas import Schemas, kind_of, mapping, plain, sequence
from .shapes import Param, Shape, with_examples
from .values import bounded

__all__ = ["Answer", "Api", "Body", "Notice", "Operation", "api_of", "read_api", "read_api_text"]

Json = Any
_METHODS = ("get", "post", "put", "patch", "delete")
_CALLBACKS = 50
_TRIAL_HOST = re.compile(r"(?i)[/.-](sandbox|staging|stage|test|dev|demo|mock|uat|qa)[.-]|sandbox|staging")
_TRIAL = re.compile(r"(?i)\b(sandbox|staging|stage|test|dev|development|demo|mock|local|uat|qa)\b")


@attrs.frozen(kw_only=True, slots=False)
class Answer:
    """One answer of an operation: `status` 0 stands for `default`; `example` is a whole body, None where none is
    given. `headers` are the names of its headers in lower case.
    """

    status: int
    schemas: Schemas
    schema: Json = None
    example: Json = None
    headers: frozenset[str] = frozenset()

    @cached_property
    def shape(self) -> Shape | None:
        """What its body looks like, by its schema and its example together; None where it has neither."""
        shape = None if self.schema is None else self.schemas.shape(self.schema)
        if not isinstance(self.example, dict | list):
            return shape
        return with_examples(shape or Shape(kind="unknown"), [self.example])


@attrs.frozen(kw_only=True, slots=False)
class Body:
    """The body that an operation takes; `form` says that it travels as a form."""

    schemas: Schemas
    schema: Json
    example: Json = None
    form: bool = False
    required: bool = False

    @cached_property
    def shape(self) -> Shape:
        """What it looks like."""
        return self.schemas.shape(self.schema)


@attrs.frozen(kw_only=True, slots=False)
class Operation:
    """One request that the platform takes. `path` is a template with `{names}`, below the base URL.

    `security` holds alternatives, each the names of the schemes that it takes together; an empty alternative takes
    none. None means that the document does not say.
    """

    method: str
    path: str
    params: tuple[Param, ...] = ()
    body: Body | None = None
    answers: tuple[Answer, ...] = ()
    security: tuple[tuple[str, ...], ...] | None = None
    words: str = ""

    @property
    def accepted(self) -> Answer | None:
        """The answer that says yes, `default` where there is no other."""
        good = [each for each in self.answers if 200 <= each.status < 300]
        return next(iter(good or [each for each in self.answers if not each.status]), None)

    @property
    def refusals(self) -> tuple[Answer, ...]:
        """The answers that refuse."""
        return tuple(each for each in self.answers if 400 <= each.status < 500)


@attrs.frozen(kw_only=True, slots=False)
class Notice:
    """One webhook that the platform sends: its name, and what its body and headers look like."""

    name: str
    body: Body
    headers: tuple[Param, ...] = ()
    words: str = ""


@attrs.frozen(kw_only=True, slots=False)
class Api:
    """A whole document. `servers` are addresses as written, `variables` of the first one's placeholders, `schemes`
    the ways to sign in by name.
    """

    title: str
    servers: tuple[str, ...]
    variables: Mapping[str, Json]
    schemes: Mapping[str, Mapping[str, Json]]
    operations: tuple[Operation, ...]
    notices: tuple[Notice, ...]
    security: tuple[tuple[str, ...], ...] | None = None


def read_api(file: Path, *, largest: int = LARGEST) -> Api:
    """What a file says.

    Raises:
        SetupError: it cannot be read, is too large, or is no OpenAPI document.
    """
    return api_of(read_document(file, largest=largest))


def read_api_text(text: str, name: str) -> Api:
    """What a text says; `name` is what errors call it.

    Raises:
        SetupError: it is no OpenAPI document.
    """
    return api_of(read_text(text, name))


def api_of(document: Mapping[str, Json]) -> Api:
    """What a parsed document says."""
    return _Reader(document).api()


class _Reader:
    def __init__(self, document: Mapping[str, Json]) -> None:
        self._document = document
        self._schemas = Schemas(document)

    def api(self) -> Api:
        components = mapping(self._document.get("components"))
        schemes = mapping(components.get("securitySchemes") or self._document.get("securityDefinitions"))
        servers, variables = self._servers()
        operations = tuple(self._operations())
        return Api(
            title=str(mapping(self._document.get("info")).get("title") or ""),
            servers=servers,
            variables=variables,
            schemes={str(name): mapping(self._schemas.resolved(each)) for name, each in schemes.items()},
            operations=operations,
            notices=tuple(self._notices()),
            security=_security(self._document.get("security")),
        )

    def _servers(self) -> tuple[tuple[str, ...], Mapping[str, Json]]:
        """The addresses, the one that is most likely a platform's own first, and the variables of that one."""
        nodes = [mapping(each) for each in sequence(self._document.get("servers"))]
        nodes.sort(key=lambda each: _aside(f"{each.get('url') or ''}", str(each.get("description") or "")))
        urls = tuple(str(each.get("url") or "") for each in nodes)
        if self._document.get("host") or self._document.get("basePath"):
            schemes = sequence(self._document.get("schemes"))
            scheme = "https" if "https" in schemes or not schemes else str(schemes[0])
            host = re.sub(r"^\w+://", "", str(self._document.get("host") or "")).rstrip("/")
            path = str(self._document.get("basePath") or "")
            urls = (*urls, f"{scheme}://{host}{path}" if host else path)
        return urls, mapping(nodes[0].get("variables")) if nodes else {}

    def _operations(self) -> Iterator[Operation]:
        for path, item in mapping(self._document.get("paths")).items():
            node = mapping(self._schemas.resolved(item))
            for method in _METHODS:
                operation = mapping(self._schemas.resolved(node.get(method)))
                if operation:
                    yield self._operation(str(path), method, node, operation)

    def _operation(self, path: str, method: str, item: Mapping[str, Json], node: Mapping[str, Json]) -> Operation:
        given = [
            mapping(self._schemas.resolved(each))
            for each in (*sequence(item.get("parameters")), *sequence(node.get("parameters")))
        ]
        # An operation's own parameter stands in the place of its path's one of the same name.
        params = {(str(each.get("in")), str(each.get("name") or "")): each for each in given}
        known = tuple(self._param(each) for (place, _), each in params.items() if place in ("path", "query", "header"))
        tags = [str(each) for each in sequence(node.get("tags"))]
        return Operation(
            method=method.upper(),
            path=path,
            params=known,
            body=self._body(node, list(params.values())),
            answers=tuple(self._answers(mapping(node.get("responses")))),
            security=_security(node.get("security")),
            words=" ".join([*tags, str(node.get("operationId") or ""), str(node.get("summary") or "")]),
        )

    def _param(self, node: Mapping[str, Json]) -> Param:
        content = next((mapping(each) for each in mapping(node.get("content")).values()), {})
        schema = mapping(self._schemas.resolved(node.get("schema") or content.get("schema"))) or node
        example, default = node.get("example", schema.get("example")), schema.get("default")
        most = schema.get("maximum")
        return Param(
            name=str(node.get("name") or ""),
            place=str(node.get("in")),
            kind=kind_of(schema) if kind_of(schema) != "unknown" else "text",
            format=str(schema.get("format") or ""),
            required=node.get("required") is True,
            example=example if plain(example) else default if plain(default) else None,
            default=default if plain(default) else None,
            most=most if isinstance(most, int | float) and not isinstance(most, bool) else None,
            enum=tuple(each for each in sequence(schema.get("enum")) if plain(each)),
        )

    def _body(self, node: Mapping[str, Json], params: list[Mapping[str, Json]]) -> Body | None:
        """The body by OpenAPI 3's requestBody, or by Swagger 2's parameters in body and formData."""
        request = mapping(self._schemas.resolved(node.get("requestBody")))
        content = mapping(request.get("content"))
        if content:
            kind = _media(content)
            media = mapping(content[kind])
            return Body(
                schemas=self._schemas,
                schema=media.get("schema", {}),
                example=self._example(media),
                form="form" in str(kind),
                required=request.get("required") is True,
            )
        fields = [each for each in params if each.get("in") == "formData"]
        if fields:
            schema = {
                "type": "object",
                "properties": {str(each.get("name")): each for each in fields},
                "required": [str(each.get("name")) for each in fields if each.get("required") is True],
            }
            properties = {name: {k: v for k, v in mapping(each).items() if k != "required"}
                          for name, each in mapping(schema["properties"]).items()}  # fmt: skip
            return Body(schemas=self._schemas, schema={**schema, "properties": properties}, form=True, required=True)
        for each in params:
            if each.get("in") == "body":
                return Body(schemas=self._schemas, schema=each.get("schema", {}), required=each.get("required") is True)
        return None

    def _answers(self, responses: Mapping[str, Json]) -> Iterator[Answer]:
        for code, given in responses.items():
            status = _status(str(code))
            if status is None:
                continue
            node = mapping(self._schemas.resolved(given))
            headers = frozenset(str(name).lower() for name in mapping(node.get("headers")))
            schema, example = node.get("schema"), None
            if schema is not None:
                examples = mapping(node.get("examples"))
                example = next((value for name, value in examples.items() if "json" in str(name)), None)
            else:
                content = mapping(node.get("content"))
                media = mapping(content[_media(content)]) if content else {}
                schema, example = media.get("schema"), self._example(media)
            yield Answer(status=status, schemas=self._schemas, schema=schema, example=bounded(example), headers=headers)

    def _example(self, media: Mapping[str, Json]) -> Json:
        example = media.get("example")
        if example is None:
            named = mapping(media.get("examples"))
            example = next((mapping(self._schemas.resolved(each)).get("value") for each in named.values()), None)
        return bounded(example)

    def _notices(self) -> Iterator[Notice]:
        for name, item in mapping(self._document.get("webhooks") or self._document.get("x-webhooks")).items():
            yield from self._notice(str(name), item)
        left = _CALLBACKS
        for item in mapping(self._document.get("paths")).values():
            node = mapping(self._schemas.resolved(item))
            for method in _METHODS:
                callbacks = mapping(mapping(node.get(method)).get("callbacks"))
                for name, callback in callbacks.items():
                    for address in mapping(self._schemas.resolved(callback)).values():
                        if left > 0:
                            left -= 1
                            yield from self._notice(str(name), address)

    def _notice(self, name: str, item: Json) -> Iterator[Notice]:
        node = mapping(self._schemas.resolved(item))
        for method in ("post", "put"):
            operation = mapping(node.get(method))
            given = [
                mapping(self._schemas.resolved(each))
                for each in (*sequence(node.get("parameters")), *sequence(operation.get("parameters")))
            ]
            body = self._body(operation, given) if operation else None
            if body is not None:
                headers = tuple(self._param(each) for each in given if each.get("in") == "header")
                words = f"{name} {operation.get('operationId') or ''} {operation.get('summary') or ''}"
                yield Notice(name=name, body=body, headers=headers, words=words)
                return


def _aside(url: str, words: str) -> int:
    """How far an address is from the one that accounts are at: a trial's stands behind it, a developer's own last."""
    if re.search(r"(?i)//(localhost|127\.|0\.0\.0\.0|\[::1\])", url):
        return 3
    if _TRIAL_HOST.search(url) or (_TRIAL.search(words) and not re.search(r"(?i)produc|live", words)):
        return 2
    return 0 if url.startswith("https:") else 1


def _status(code: str) -> int | None:
    if code.isascii() and code.isdigit() and len(code) == 3 and 100 <= int(code) <= 599:
        return int(code)
    if len(code) == 3 and code[0] in "2345" and code[1:].upper() == "XX":
        return int(code[0]) * 100 + (22 if code[0] == "4" else 0)
    return 0 if code == "default" else None


def _media(content: Mapping[str, Json]) -> str:
    """The media type that is read: JSON of any kind, else the first."""
    return next((name for name in content if "json" in str(name)), next(iter(content)))


def _security(node: Json) -> tuple[tuple[str, ...], ...] | None:
    if not isinstance(node, list):
        return None
    return tuple(tuple(str(name) for name in mapping(each)) for each in node)
