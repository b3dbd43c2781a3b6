"""The OpenAPI document is valid, complete, and true."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from town import EMPTY_WARD, FULL_WARD, settle

from main.openapi import document, operations

ANSWERS = [
    ("/api/v1/wards", "/api/v1/wards", 200),
    ("/api/v1/wards?page=99", "/api/v1/wards", 200),
    ("/api/v1/wards?page=0&nonsense=1", "/api/v1/wards", 400),
    (f"/api/v1/wards/{FULL_WARD}", "/api/v1/wards/{code}", 200),
    ("/api/v1/wards/nope", "/api/v1/wards/{code}", 404),
    (f"/api/v1/wards/{FULL_WARD}/candidates", "/api/v1/wards/{code}/candidates", 200),
    (f"/api/v1/wards/{EMPTY_WARD}/candidates", "/api/v1/wards/{code}/candidates", 200),
    ("/api/v1/wards/nope/candidates", "/api/v1/wards/{code}/candidates", 404),
    ("/api/v1/openapi.json", "/api/v1/openapi.json", 200),
]


@pytest.fixture(autouse=True)
def town(app: Flask) -> None:
    settle(app)


def test_the_document_is_valid_openapi() -> None:
    validate(document())


def test_the_address_answers_the_document(client: FlaskClient) -> None:
    assert client.get("/api/v1/openapi.json").json == document()


def test_the_document_describes_every_address_and_no_other(app: Flask) -> None:
    served = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {(operation.method, operation.path) for operation in operations(document())}
    assert served == described


@pytest.mark.parametrize(("address", "path", "status"), ANSWERS)
def test_an_answer_is_what_the_document_says(
    client: FlaskClient, address: str, path: str, status: int
) -> None:
    described = document()
    answer = client.get(address)
    assert answer.status_code == status
    content = described["paths"][path]["get"]["responses"][str(status)]["content"]
    schema = content[answer.mimetype]["schema"] | {"components": described["components"]}
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(answer.json)
