"""The API described in OpenAPI 3.1: the one source for /openapi.json and /api/docs."""

from dataclasses import dataclass
from typing import Any

from main.candidates import BALLOTS
from main.wards import DEFAULT_PER_PAGE, MAX_PAGE, MAX_PER_PAGE, MAX_TEXT

Schema = dict[str, Any]

VERSION = "1.0.0"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One operation, flattened for the page that shows it."""

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Schema, ...]
    responses: tuple[tuple[str, str, str], ...]


def document() -> Schema:
    """The whole document. Made anew for each caller, so that nobody can change another's."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "MyCandidate API",
            "version": VERSION,
            "summary": "Who stands for election in your ward?",
            "description": (
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


def operations(described: Schema) -> list[Operation]:
    """Every operation of a document in the document's own order."""
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
        for path, item in described["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def _schema_name(response: Schema) -> str:
    for content in response.get("content", {}).values():
        return str(content["schema"].get("$ref", "")).rpartition("/")[2]
    return ""


def _list_wards() -> Schema:
    return {
        "operationId": "listWards",
        "summary": "Search and list wards",
        "description": (
            "Wards in the order of municipality, number and code. "
            "A page after the last one is empty. An unknown parameter is an error."
        ),
        "parameters": [
            _query("q", "Words to find: ward number, code, name or municipality.", _text()),
            _query("province", "The whole name of a province.", _text()),
            _query("municipality", "The whole name or the code of a municipality.", _text()),
            _query("page", "Which page, from 1.", _whole_number(1, MAX_PAGE)),
            _query("per_page", "Wards on a page.", _whole_number(DEFAULT_PER_PAGE, MAX_PER_PAGE)),
        ],
        "responses": _responses("WardPage", "The page asked for.", 400),
    }


def _get_ward() -> Schema:
    return {
        "operationId": "getWard",
        "summary": "One ward",
        "description": "The ward of this code.",
        "parameters": [_code()],
        "responses": _responses("Ward", "The ward.", 404),
    }


def _list_candidates() -> Schema:
    return {
        "operationId": "listCandidates",
        "summary": "Who stands in a ward",
        "description": (
            "All candidates of one ward: newest election first, then by ballot, "
            "then in the order of the ballot paper."
        ),
        "parameters": [_code()],
        "responses": _responses("WardCandidates", "The candidates.", 404),
    }


def _get_document() -> Schema:
    return {
        "operationId": "getDocument",
        "summary": "This description",
        "description": "The OpenAPI document of this API.",
        "responses": _responses("Document", "The document."),
    }


def _responses(schema: str, description: str, *problems: int) -> Schema:
    told = {
        400: "A parameter is not valid; `errors` names each.",
        404: "There is no such ward.",
        429: "Too many requests; Retry-After says for how many seconds to wait.",
    }
    tag = {"ETag": _header("Names this very content.", _string(), required=True)}
    wait = {"Retry-After": _header("In seconds.", _count(), required=True)}
    good = {
        "200": _response(description, "application/json", schema) | {"headers": tag | _counted()},
        "304": {
            "description": "Nothing changed since the ETag that was sent.",
            "headers": tag | _counted(),
        },
    }
    bad = {
        str(status): _response(told[status], "application/problem+json", "Problem")
        | {"headers": _counted() | (wait if status == 429 else {})}
        for status in (*problems, 429)
    }
    return good | bad


def _response(description: str, media_type: str, schema: str) -> Schema:
    return {"description": description, "content": {media_type: {"schema": _ref(schema)}}}


def _counted() -> Schema:
    """What tells a client how much of its allowance is left; absent where there is no limit."""
    return {
        "X-RateLimit-Limit": _header("Requests in all.", _positive()),
        "X-RateLimit-Remaining": _header("Requests left.", _count()),
        "X-RateLimit-Reset": _header("When all are, in Unix time.", _positive()),
    }


def _header(description: str, schema: Schema, *, required: bool = False) -> Schema:
    return {"description": description, "required": required, "schema": schema}


def _schemas() -> dict[str, Schema]:
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
                previous=_or_null("string"),
                next=_or_null("string"),
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
            sample={"type": "boolean", "description": "Whether any of it is invented."},
            items={"type": "array", "items": _ref("Candidate")},
            total=_count(),
        ),
        "Candidate": _object(
            election=_ref("Election"),
            ballot={"type": "string", "enum": list(BALLOTS)},
            position=_positive(),
            name=_string(),
            age=_or_null("integer"),
            party={"anyOf": [_ref("Party"), {"type": "null"}], "description": "null: independent"},
        ),
        "Election": _object(
            name=_string(),
            held_on={"type": "string", "format": "date"},
            sample={"type": "boolean", "description": "Whether its names are invented."},
        ),
        "Party": _object(name=_string(), abbreviation=_or_null("string")),
        "Problem": _problem(),
        "Document": {"type": "object", "required": ["openapi", "info", "paths"]},
    }


def _problem() -> Schema:
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
    problem["description"] = "RFC 9457; `errors` only where parameters are at fault."
    return problem


def _object(**properties: Schema) -> Schema:
    """An object that has exactly these properties, all of them always."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _ref(schema: str) -> Schema:
    return {"$ref": f"#/components/schemas/{schema}"}


def _string(example: str | None = None) -> Schema:
    return {"type": "string"} if example is None else {"type": "string", "examples": [example]}


def _count() -> Schema:
    return {"type": "integer", "minimum": 0}


def _positive() -> Schema:
    return {"type": "integer", "minimum": 1}


def _or_null(kind: str) -> Schema:
    return {"type": [kind, "null"]}


def _text() -> Schema:
    return {"type": "string", "maxLength": MAX_TEXT}


def _whole_number(default: int, most: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default}


def _query(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _code() -> Schema:
    return {
        "name": "code",
        "in": "path",
        "required": True,
        "description": "The ward's code.",
        "schema": _string("79700012"),
    }
