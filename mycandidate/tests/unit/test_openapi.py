"""The OpenAPI document is valid, complete, and true: of every answer it names, and no other."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from town import EMPTY_WARD, FULL_WARD
from werkzeug.test import TestResponse

from main.openapi import build_document, list_operations

ADDRESSES = {
    "/api/v1/wards": "/api/v1/wards",
    "/api/v1/wards/{code}": f"/api/v1/wards/{FULL_WARD}",
    "/api/v1/wards/{code}/candidates": f"/api/v1/wards/{FULL_WARD}/candidates",
    "/api/v1/openapi.json": "/api/v1/openapi.json",
}
# Answers of other kinds than those that ADDRESSES give: more of 200, and the faults.
MORE = [
    ("/api/v1/wards", "/api/v1/wards?page=99", 200),
    ("/api/v1/wards", "/api/v1/wards?q=johannesburg&per_page=3&page=2", 200),
    ("/api/v1/wards", "/api/v1/wards?page=0&nonsense=1", 400),
    ("/api/v1/wards/{code}", "/api/v1/wards/nope", 404),
    ("/api/v1/wards/{code}/candidates", f"/api/v1/wards/{EMPTY_WARD}/candidates", 200),
    ("/api/v1/wards/{code}/candidates", "/api/v1/wards/nope/candidates", 404),
]
TRIED = {
    *((path, status) for path, _, status in MORE),
    *((path, status) for path in ADDRESSES for status in (200, 304, 429)),
}
PARAMETERS = build_document()["paths"]["/api/v1/wards"]["get"]["parameters"]


@pytest.fixture
def client(town: Flask) -> FlaskClient:
    return town.test_client()


def check(path: str, answer: TestResponse) -> None:
    """Fail unless the answer is one that the document gives for this path."""
    described = build_document()
    responses = described["paths"][path]["get"]["responses"]
    assert str(answer.status_code) in responses
    response = responses[str(answer.status_code)]
    for name, header in response["headers"].items():
        if name in answer.headers:
            conforms(header["schema"], in_type(answer.headers[name], header["schema"]))
        else:
            assert not header["required"], f"{answer.status_code} has no {name}"
    if "content" in response:
        schema = response["content"][answer.mimetype]["schema"]
        conforms(schema | {"components": described["components"]}, answer.json)
    else:
        assert answer.data == b""


def conforms(schema: dict[str, Any], value: Any) -> None:
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(value)


def in_type(text: str, schema: dict[str, Any]) -> Any:
    """What a text in a header or a query means, as far as it means anything."""
    if schema["type"] == "integer" and re.fullmatch("[0-9]+", text):
        return int(text)
    return text


def test_the_document_is_valid_openapi() -> None:
    validate(build_document())


def test_the_address_answers_the_document(client: FlaskClient) -> None:
    assert client.get("/api/v1/openapi.json").json == build_document()


def test_the_document_describes_every_address_and_no_other(app: Flask) -> None:
    served = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (operation.method, operation.path) for operation in list_operations(build_document())
    }
    assert served == described


def test_every_answer_in_the_document_is_tried_here() -> None:
    described = {
        (operation.path, int(status))
        for operation in list_operations(build_document())
        for status, *_ in operation.responses
    }
    assert described == TRIED


@pytest.mark.parametrize(
    ("path", "address", "status"),
    [*((path, address, 200) for path, address in ADDRESSES.items()), *MORE],
)
def test_an_answer_is_what_the_document_says(
    client: FlaskClient, path: str, address: str, status: int
) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    check(path, answer)


@pytest.mark.parametrize(("path", "address"), ADDRESSES.items())
def test_unchanged_and_refused_are_what_the_document_says(
    town: Flask, client: FlaskClient, path: str, address: str
) -> None:
    town.config["API_RATE_LIMIT"] = "2 per minute"
    first = client.get(address)
    unchanged = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    refused = client.get(address)
    assert [first.status_code, unchanged.status_code, refused.status_code] == [200, 304, 429]
    for answer in (first, unchanged, refused):
        check(path, answer)
        assert int(answer.headers["X-RateLimit-Limit"]) == 2
        assert ("Retry-After" in answer.headers) == (answer is refused)


@pytest.mark.parametrize("address", ["/api/v1/nowhere", "/api/v1/wards/a/b", "/api/v1"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_answer_outside_the_document_is_a_problem_all_the_same(
    client: FlaskClient, address: str, method: str
) -> None:
    answer = client.open(address, method=method)
    assert answer.status_code == 404
    schemas = build_document()["components"]
    conforms(schemas["schemas"]["Problem"] | {"components": schemas}, answer.json)


def queries() -> st.SearchStrategy[dict[str, str]]:
    """Queries near the edges of what is allowed, on both sides."""
    numbers = st.integers(-1, 100_001).map(str) | st.sampled_from(["", "1.5", "07", "٣", "1e3"])
    texts = st.text(max_size=20) | st.text(min_size=99, max_size=102)
    kinds = {"integer": numbers, "string": texts}
    named = {one["name"]: kinds[one["schema"]["type"]] for one in PARAMETERS}
    return st.fixed_dictionaries({}, optional=named | {"qq": st.just("x")})


# One town serves every example: none of them changes it.
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(query=queries())
def test_a_query_is_answered_if_it_is_in_the_document_and_else_refused(
    client: FlaskClient, query: dict[str, str]
) -> None:
    answer = client.get("/api/v1/wards", query_string=query)
    check("/api/v1/wards", answer)
    schemas = {one["name"]: one["schema"] for one in PARAMETERS}
    at_fault = [
        name
        for name, text in query.items()
        if name not in schemas or not is_allowed(text, schemas[name])
    ]
    assert answer.status_code == (400 if at_fault else 200)
    if at_fault:
        assert sorted(error["parameter"] for error in answer.json["errors"]) == sorted(at_fault)


def is_allowed(text: str, schema: dict[str, Any]) -> bool:
    # Nothing after the equals sign is no value: the default is meant.
    return text == "" or Draft202012Validator(schema).is_valid(in_type(text, schema))
