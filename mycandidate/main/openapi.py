"""The OpenAPI 3.1 document of the API, for /openapi.json and for the page at /api/docs.

Its texts are in the language of the request; descriptions are CommonMark, as OpenAPI defines them.
"""

from dataclasses import dataclass
from typing import NotRequired, TypedDict

from main.ballots import BALLOT_PAPERS
from main.languages import gettext
from main.wards import DEFAULT_PER_PAGE, MAX_PAGE, MAX_PER_PAGE, MAX_TEXT_LENGTH

VERSION = "1.0.0"

# The objects of the OpenAPI specification, with the members that this document uses. Members that
# are not Python identifiers need the functional syntax.
JsonSchema = TypedDict(
    "JsonSchema",
    {
        "$ref": str,
        "type": str | list[str],
        "description": str,
        "properties": dict[str, "JsonSchema"],
        "required": list[str],
        "additionalProperties": bool,
        "items": "JsonSchema",
        "anyOf": list["JsonSchema"],
        "enum": list[str],
        "examples": list[str],
        "format": str,
        "minimum": int,
        "maximum": int,
        "maxLength": int,
        "default": int,
    },
    total=False,
)
ParameterObject = TypedDict(
    "ParameterObject",
    {
        "name": str,
        "in": str,
        "required": NotRequired[bool],
        "description": str,
        "schema": JsonSchema,
    },
)


class HeaderObject(TypedDict):
    """A response header."""

    description: str
    required: bool
    schema: JsonSchema


class MediaTypeObject(TypedDict):
    """The schema of a response body."""

    schema: JsonSchema


class ResponseObject(TypedDict):
    """A response to an operation."""

    description: str
    content: NotRequired[dict[str, MediaTypeObject]]
    headers: dict[str, HeaderObject]


class OperationObject(TypedDict):
    """An operation, that is a method of a path."""

    operationId: str
    summary: str
    description: str
    parameters: NotRequired[list[ParameterObject]]
    responses: dict[str, ResponseObject]


class InfoObject(TypedDict):
    """The metadata of the API."""

    title: str
    version: str
    summary: str
    description: str


class ComponentsObject(TypedDict):
    """The schemas that operations refer to."""

    schemas: dict[str, JsonSchema]


class OpenApiDocument(TypedDict):
    """The whole document. `paths` has the operations by path and method."""

    openapi: str
    info: InfoObject
    paths: dict[str, dict[str, OperationObject]]
    components: ComponentsObject


@dataclass(frozen=True)
class Operation:
    """An operation as /api/docs shows it.

    `responses` has the status, the description and the name of the schema, which can be empty.
    """

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[ParameterObject, ...]
    responses: tuple[tuple[str, str, str], ...]


def build_document() -> OpenApiDocument:
    """A new copy of the document, which the caller can modify."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "MyCandidate API",
            "version": VERSION,
            "summary": gettext("Who stands for election in your ward?"),
            "description": gettext(
                "South African municipal wards and the candidates who stand in them. "
                "No key is needed. The number of requests a minute is limited; "
                "an answer of 429 says in Retry-After when to come back. "
                "Answers carry an ETag: send it back in If-None-Match and get 304 "
                "when nothing changed."
            ),
        },
        "paths": {
            "/api/v1/wards": {"get": _list_wards()},
            "/api/v1/wards/{code}": {"get": _get_ward()},
            "/api/v1/wards/{code}/candidates": {"get": _list_candidates()},
            "/api/v1/openapi.json": {"get": _get_document()},
        },
        "components": {"schemas": _schemas()},
    }


def list_operations(document: OpenApiDocument) -> list[Operation]:
    """All operations of a document, in the order of the document."""
    return [
        Operation(
            method=method.upper(),
            path=path,
            summary=operation["summary"],
            description=operation["description"],
            parameters=tuple(operation.get("parameters", ())),
            responses=tuple(
                (status, response["description"], _schema_name(response))
                for status, response in operation["responses"].items()
            ),
        )
        for path, path_item in document["paths"].items()
        for method, operation in path_item.items()
    ]


def _schema_name(response: ResponseObject) -> str:
    for media_type in response.get("content", {}).values():
        return media_type["schema"].get("$ref", "").rpartition("/")[2]
    return ""


def _list_wards() -> OperationObject:
    return {
        "operationId": "listWards",
        "summary": gettext("Search and list wards"),
        "description": gettext(
            "Wards in the order of municipality, number and code. "
            "A page after the last one is empty. An unknown parameter is an error."
        ),
        "parameters": [
            _query_parameter(
                "q",
                gettext("Words to find: ward number, code, name or municipality."),
                _text(),
            ),
            _query_parameter("province", gettext("The whole name of a province."), _text()),
            _query_parameter(
                "municipality",
                gettext("The whole name or the code of a municipality."),
                _text(),
            ),
            _query_parameter(
                "page", gettext("Which page, from 1."), _integer(default=1, maximum=MAX_PAGE)
            ),
            _query_parameter(
                "per_page",
                gettext("Wards on a page."),
                _integer(default=DEFAULT_PER_PAGE, maximum=MAX_PER_PAGE),
            ),
        ],
        "responses": _responses("WardPage", gettext("The page asked for."), error_statuses=(400,)),
    }


def _get_ward() -> OperationObject:
    return {
        "operationId": "getWard",
        "summary": gettext("One ward"),
        "description": gettext("The ward of this code."),
        "parameters": [_code_parameter()],
        "responses": _responses("Ward", gettext("The ward."), error_statuses=(404,)),
    }


def _list_candidates() -> OperationObject:
    return {
        "operationId": "listCandidates",
        "summary": gettext("Who stands in a ward"),
        "description": gettext(
            "All candidates of one ward: newest election first, then by ballot, "
            "then in the order of the ballot paper."
        ),
        "parameters": [_code_parameter()],
        "responses": _responses(
            "WardCandidates", gettext("The candidates."), error_statuses=(404,)
        ),
    }


def _get_document() -> OperationObject:
    return {
        "operationId": "getDocument",
        "summary": gettext("This description"),
        "description": gettext("The OpenAPI document of this API."),
        "responses": _responses("Document", gettext("The document.")),
    }


def _responses(
    schema: str, description: str, *, error_statuses: tuple[int, ...] = ()
) -> dict[str, ResponseObject]:
    """The responses of an operation. Every operation can also respond with 304 and 429."""
    error_descriptions = {
        400: gettext("A parameter is not valid; `errors` names each."),
        404: gettext("There is no such ward."),
        429: gettext("Too many requests; Retry-After says for how many seconds to wait."),
    }
    etag = {"ETag": _header(gettext("Names this very content."), _string(), required=True)}
    retry_after = {"Retry-After": _header(gettext("In seconds."), _count(), required=True)}
    responses: dict[str, ResponseObject] = {
        "200": {
            "description": description,
            "content": {"application/json": {"schema": _ref(schema)}},
            "headers": etag | _rate_limit_headers(),
        },
        "304": {
            "description": gettext("Nothing changed since the ETag that was sent."),
            "headers": etag | _rate_limit_headers(),
        },
    }
    for status in (*error_statuses, 429):
        responses[str(status)] = {
            "description": error_descriptions[status],
            "content": {"application/problem+json": {"schema": _ref("Problem")}},
            "headers": _rate_limit_headers() | (retry_after if status == 429 else {}),
        }
    return responses


def _rate_limit_headers() -> dict[str, HeaderObject]:
    """The headers about the client's remaining requests. They are absent if there is no limit."""
    return {
        "X-RateLimit-Limit": _header(gettext("Requests in all."), _positive()),
        "X-RateLimit-Remaining": _header(gettext("Requests left."), _count()),
        "X-RateLimit-Reset": _header(gettext("When all are, in Unix time."), _positive()),
    }


def _header(description: str, schema: JsonSchema, *, required: bool = False) -> HeaderObject:
    return {"description": description, "required": required, "schema": schema}


def _schemas() -> dict[str, JsonSchema]:
    return {
        "WardPage": _object(
            items={"type": "array", "items": _ref("Ward")},
            total=_count(),
            page=_positive(),
            pages=_positive(),
            per_page={"type": "integer", "minimum": 1, "maximum": MAX_PER_PAGE},
            links=_object(
                self=_string(),
                first=_string(),
                previous=_nullable("string"),
                next=_nullable("string"),
                last=_string(),
            ),
        ),
        "Ward": _object(
            code=_string("79700012"),
            number={"type": "integer"},
            name=_string(),
            municipality=_string(),
            municipality_code=_string(),
            province=_string(),
            links=_object(self=_string(), candidates=_string(), page=_string()),
        ),
        "WardCandidates": _object(
            ward=_ref("Ward"),
            sample={"type": "boolean", "description": gettext("Whether any of it is invented.")},
            items={"type": "array", "items": _ref("Candidate")},
            total=_count(),
        ),
        "Candidate": _object(
            election=_ref("Election"),
            ballot={"type": "string", "enum": list(BALLOT_PAPERS)},
            position=_positive(),
            name=_string(),
            age=_nullable("integer"),
            party={
                "anyOf": [_ref("Party"), {"type": "null"}],
                "description": gettext("null: independent"),
            },
        ),
        "Election": _object(
            name=_string(),
            held_on={"type": "string", "format": "date"},
            sample={"type": "boolean", "description": gettext("Whether its names are invented.")},
        ),
        "Party": _object(name=_string(), abbreviation=_nullable("string")),
        "Problem": _problem(),
        "Document": {"type": "object", "required": ["openapi", "info", "paths"]},
    }


def _problem() -> JsonSchema:
    problem = _object(
        type=_string("about:blank"),
        title=_string(),
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail=_string(),
        instance=_string(),
    )
    problem["properties"]["errors"] = {
        "type": "array",
        "items": _object(parameter=_string(), detail=_string()),
    }
    problem["description"] = gettext("RFC 9457; `errors` only where parameters are at fault.")
    return problem


def _object(**properties: JsonSchema) -> JsonSchema:
    """An object with exactly these properties, all of them required."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _ref(schema: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{schema}"}


def _string(example: str | None = None) -> JsonSchema:
    return {"type": "string"} if example is None else {"type": "string", "examples": [example]}


def _count() -> JsonSchema:
    return {"type": "integer", "minimum": 0}


def _positive() -> JsonSchema:
    return {"type": "integer", "minimum": 1}


def _nullable(type_name: str) -> JsonSchema:
    return {"type": [type_name, "null"]}


def _text() -> JsonSchema:
    return {"type": "string", "maxLength": MAX_TEXT_LENGTH}


def _integer(*, default: int, maximum: int) -> JsonSchema:
    return {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}


def _query_parameter(name: str, description: str, schema: JsonSchema) -> ParameterObject:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _code_parameter() -> ParameterObject:
    return {
        "name": "code",
        "in": "path",
        "required": True,
        "description": gettext("The ward's code."),
        "schema": _string("79700012"),
    }
