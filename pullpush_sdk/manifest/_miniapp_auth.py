"""`auth` of a MiniApp document as one of the manifest's kinds.

There `auth.type` only selects the install form; how a credential travels stands in the headers of each request. So
the credential's header is taken out of the shared headers and becomes the auth's placement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs

from ._document import Json
from ._miniapp_report import Block, Report
from ._miniapp_request import read_body_type, read_request, read_texts, split_query
from ._model import Check
from ._model_auth import ApiKeyAuth, Auth, BasicAuth, BearerAuth, NoAuth, OAuth2Auth, Placement, SessionAuth
from ._model_http import Request
from ._template import placeholders

_TYPES = ("bearer_token", "apikey", "oauth2")
_STANDARD = frozenset({"grant_type", "code", "redirect_uri", "client_id", "client_secret", "refresh_token"})
_AUTHORIZE = frozenset({"client_id", "redirect_uri", "response_type", "scope", "state"})
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")
_ONE = re.compile(r"(?P<before>[^{}]*)\{\{(?P<name>[^{}]+)\}\}(?P<after>[^{}]*)")
_IDENTITY = ("name", "storeName", "shopName", "accountName", "title", "email", "username", "login")


@attrs.frozen(kw_only=True)
class Access:
    """How requests prove who they are: the auth, what stays of the shared headers, a check, and managed names.

    `managed` are keys that the token exchange fills, so nobody types them in.
    """

    auth: Auth = NoAuth()
    headers: Mapping[str, str] = attrs.field(factory=dict)
    check: Check | None = None
    managed: frozenset[str] = frozenset()


def read_access(auth: Block | None, headers: Mapping[str, str], report: Report) -> Access:
    """The access of a document; `auth` None (a bare block) leaves what the headers say."""
    name = _credential_header(headers, _supplied(auth))
    rest = {key: value for key, value in headers.items() if key != name}
    if auth is None:
        return Access(auth=_fixed(name, headers), headers=rest)
    kind = auth.text("type")
    if kind not in _TYPES:
        report.wrong(f"expected one of {', '.join(_TYPES)}, found `{kind[:30]}`", auth.at("type"))
    place = _placement(name, headers)
    token_step = auth.block("get_token")
    mapping = _mapping(token_step)
    used = placeholders(headers.get(name or "", ""))
    found: Auth = _fixed(name, headers)
    managed: frozenset[str] = frozenset()
    if kind == "oauth2" and token_step is not None and token_step.has("url"):
        managed = frozenset({*mapping, "accessToken", "refreshToken", "expiresIn"})
        if place is None or not used & managed:
            name, rest, place = None, dict(headers), Placement(header="Authorization", format="Bearer {{token}}")
        found = _oauth2(auth, token_step, mapping, place)
    elif token_step is not None and token_step.has("url") and used & set(mapping) and place is not None:
        (key, *_) = sorted(used & set(mapping))
        exchange = _without(read_request(token_step), None)
        found = SessionAuth(exchange=exchange, token=_bare(mapping[key]), place=place)
        managed = frozenset(mapping)
        token_step.close(("mapping",))
    elif token_step is not None:
        report.keep(token_step.path, token_step.value)
        report.note("get_token gives nothing that the sync headers use: it is kept and not run", token_step.path)
    if kind == "oauth2" and not managed:
        report.note("oauth2 without get_token: the access token is a setting", auth.path, "state get_token")
    report.stands_for("$.auth", auth.path)
    return Access(auth=found, headers=rest, check=_check(auth, name, managed), managed=managed)


def _supplied(auth: Block | None) -> frozenset[str]:
    """Names that are credentials for sure: what the exchange gives, and the document's sensitive keys."""
    if auth is None:
        return frozenset()
    given = {*_mapping(auth.block("get_token"))} if isinstance(auth.value.get("get_token"), dict) else set()
    keys = auth.value.get("sensitiveKeys")
    sensitive = {key for key in keys if isinstance(key, str)} if isinstance(keys, list) else set()
    return frozenset({"accessToken", *given, *sensitive})


def _credential_header(headers: Mapping[str, str], supplied: frozenset[str]) -> str | None:
    """The header that carries the credential: Authorization, one that names a credential, the first with a name."""
    filled = [name for name, value in headers.items() if placeholders(value)]
    sure = [name for name in filled if placeholders(headers[name]) & supplied]
    named = [name for name in filled if name.lower() == "authorization"]
    return next(iter([*named, *sure, *filled]), None)


def _fixed(name: str | None, headers: Mapping[str, str]) -> Auth:
    if name is None:
        return NoAuth()
    value = headers[name]
    if name.lower() == "authorization" and (basic := _basic(value)):
        return BasicAuth(username=basic[0], password=basic[1])
    one = _ONE.fullmatch(value)
    if one is None:
        return ApiKeyAuth(key=value, place=Placement(header=name))
    key = f"{{{{{one['name']}}}}}"
    if name.lower() == "authorization" and one["before"] == "Bearer " and not one["after"]:
        return BearerAuth(token=key)
    return ApiKeyAuth(key=key, place=Placement(header=name, format=f"{one['before']}{{{{token}}}}{one['after']}"))


def _basic(value: str) -> tuple[str, str] | None:
    """Both sides of `Basic left:right`; None for another scheme, or a value that is encoded already."""
    scheme, _, rest = value.partition(" ")
    if scheme != "Basic" or not placeholders(rest):
        return None
    # A colon inside a placeholder's fallback is not the one that divides.
    at = _PLACEHOLDER.sub(lambda found: "x" * len(found[0]), rest).find(":")
    return None if at < 0 else (rest[:at].strip(), rest[at + 1 :].strip())


def _placement(name: str | None, headers: Mapping[str, str]) -> Placement | None:
    one = _ONE.fullmatch(headers[name]) if name is not None else None
    if one is None:
        return None
    return Placement(header=name, format=f"{one['before']}{{{{token}}}}{one['after']}")


def _mapping(step: Block | None) -> dict[str, Json]:
    """A response mapping, target to path, from its object or its array form."""
    value = None if step is None else step.any("mapping")
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(each.get("name")): each.get("value") for each in value if isinstance(each, dict)}
    return {}


def _bare(path: Json) -> str:
    return str(path).removeprefix("$").removeprefix(".")


def _oauth2(auth: Block, step: Block, mapping: Mapping[str, Json], place: Placement) -> OAuth2Auth:
    report = auth.report
    config = auth.block("config")
    constants = config.value if config is not None else {}
    body = report.templates(step.any("body"), step.at("body"))
    fields = {**(body if isinstance(body, dict) else {}), **read_texts(step, "queryParams")}
    headers = read_texts(step, "headers")
    client = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
    basic = _basic(client)
    authorize, params, scopes = _authorize(auth, constants)
    path = _bare(mapping.get("accessToken", "access_token"))
    if path != "access_token":
        report.note(f"the token is read from `access_token`, not `{path[:60]}`", step.at("mapping"))
    refresh = auth.block("refresh_token")
    if refresh is not None:
        _note_other_url(refresh, step)
    is_client = str(_constant(fields.get("grant_type"), constants)) == "client_credentials"
    found = OAuth2Auth(
        grant="client_credentials" if is_client else "authorization_code",
        authorize_url=authorize,
        token_url=step.template("url"),
        client_id=basic[0] if basic else str(fields.get("client_id", "{{client_id}}")),
        client_secret=basic[1] if basic else str(fields.get("client_secret", "{{client_secret}}")),
        scopes=scopes,
        authorize_params=params,
        token_params={name: str(value) for name, value in fields.items() if name not in _STANDARD},
        token_body="json" if read_body_type(step) == "json" and step.has("bodyType") else "form",
        client_auth="basic" if basic else "body",
        rotates="refreshToken" in _mapping(refresh),
        expires_field=_bare(mapping.get("expiresIn", "expires_in")).rpartition(".")[2],
        place=place,
    )
    step.any("method")
    step.close()
    auth.boolean("auto_refresh", default=False)
    return found


def _authorize(auth: Block, constants: Mapping[str, Json]) -> tuple[str | None, dict[str, str], tuple[str, ...]]:
    """The authorize URL, its own parameters, and the scopes that the document fixes."""
    step = auth.block("auth_url")
    if step is None or not step.has("url"):
        auth.report.note("no auth_url: a person cannot authorise from here", auth.path, "state auth_url")
        return None, {}, ()
    url, query = split_query(step.template("url"))
    query |= {name: str(value) for name, value in read_texts(step, "queryParams").items()}
    scope = _constant(query.get("scope"), constants)
    params = {name: value for name, value in query.items() if name not in _AUTHORIZE}
    for key in ("method", "headers", "body", "bodyType", "mapping"):
        step.any(key)
    step.close()
    if isinstance(scope, str) and placeholders(scope):
        return url, {**params, "scope": scope}, ()
    return url, params, tuple(str(scope or "").split())


def _constant(value: Json, constants: Mapping[str, Json]) -> Json:
    """What `{{key}}` stands for where the document's config fixes it, else the value itself."""
    one = _ONE.fullmatch(value) if isinstance(value, str) else None
    if one is None or one["before"] or one["after"]:
        return value
    return constants.get(one["name"].strip()) or value


def _note_other_url(refresh: Block, step: Block) -> None:
    if refresh.has("url") and refresh.value.get("url") != step.value.get("url"):
        refresh.report.note("the refresh goes to get_token's URL, not to this one", refresh.at("url"))
    for key in ("url", "method", "headers", "queryParams", "bodyType", "body", "mapping"):
        refresh.any(key)
    refresh.close()


def _check(auth: Block, header: str | None, managed: frozenset[str]) -> Check | None:
    """`test_token`, else `userDetails`: the request without the credential, which the auth adds by itself."""
    details, test = auth.block("userDetails"), auth.block("test_token")
    mapping = _mapping(details)
    _mapping(test)
    if test is not None and test.has("url") and details is not None:
        auth.report.keep(details.path, details.value)
    key, step = ("test_token", test) if test is not None and test.has("url") else ("userDetails", details)
    if step is None or not step.has("url"):
        return None
    request = _without(read_request(step), header)
    lost = {name for name, value in request.headers.items() if placeholders(value) & managed}
    if lost:
        auth.report.note(f"the header {min(lost)} of {key} is left out: the auth sends its own", step.at("headers"))
        headers = {name: value for name, value in request.headers.items() if name not in lost}
        request = attrs.evolve(request, headers=headers)
    step.close()
    auth.report.stands_for("$.check", step.path)
    auth.report.stands_for("$.check.request", step.path)
    auth.report.stands_for("$.check.request.path", step.at("url"))
    named = [mapping[name] for name in _IDENTITY if isinstance(mapping.get(name), str)] if step is details else []
    return Check(request=request, identity=_bare(named[0]) if named else None)


def _without(request: Request, header: str | None) -> Request:
    headers = {name: value for name, value in request.headers.items() if name.lower() != (header or "").lower()}
    return attrs.evolve(request, headers=headers)
