"""Health, settings, request ids, headers and logs."""

import json

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from main import logs
from main.extensions import db
from main.settings import InvalidSetting, Settings


def test_a_process_is_live_before_its_database_is_there(client: FlaskClient) -> None:
    assert client.get("/health/live").status_code == 200


def test_not_ready_without_tables_says_what_to_run(client: FlaskClient) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert "db upgrade" in json.loads(answer.data)["remedy"]


def test_ready_once_migrations_are_at_head(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        upgrade()
    assert client.get("/health/ready").status_code == 200


def test_not_ready_while_the_schema_is_another(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        upgrade()
        with db.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "older" in json.loads(answer.data)["detail"]


def test_migrations_make_exactly_the_tables_of_the_models(app: Flask) -> None:
    with app.app_context():
        upgrade()
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection)
            assert compare_metadata(context, db.metadata) == []


@pytest.mark.parametrize("address", ["/health/live", "/nowhere", "/api/v1/nowhere", "/"])
def test_every_response_says_release_and_request_id(client: FlaskClient, address: str) -> None:
    headers = client.get(address).headers
    assert headers["X-Release"] == "dev"
    assert len(headers["X-Request-Id"]) == 32


def test_a_safe_request_id_is_kept_and_any_other_replaced(client: FlaskClient) -> None:
    kept = client.get("/health/live", headers={"X-Request-Id": "abc-1.2_3"})
    assert kept.headers["X-Request-Id"] == "abc-1.2_3"
    refused = client.get("/health/live", headers={"X-Request-Id": 'x" onload="'})
    assert refused.headers["X-Request-Id"] != 'x" onload="'


def test_pages_forbid_scripts_frames_and_guessing(client: FlaskClient) -> None:
    headers = client.get("/health/live").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in headers
    assert "Strict-Transport-Security" in client.get("/health/live", base_url="https://x").headers


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_both_ways_to_name_postgresql_get_its_driver(scheme: str) -> None:
    settings = Settings.from_environment({"DATABASE_URL": f"{scheme}://u@h/d"})
    assert settings.database_url == "postgresql+psycopg://u@h/d"


def test_there_is_no_default_key_outside_development() -> None:
    with pytest.raises(InvalidSetting, match="SECRET_KEY must be set"):
        Settings.from_environment({"APP_ENV": "production"})
    assert Settings.from_environment({"APP_ENV": "production", "SECRET_KEY": "k"})


@pytest.mark.parametrize(
    "variables", [{"APP_ENV": "prod"}, {"TRUSTED_PROXIES": "many"}, {"TRUSTED_PROXIES": "-1"}]
)
def test_a_setting_that_cannot_be_used_is_named(variables: dict[str, str]) -> None:
    with pytest.raises(InvalidSetting, match=next(iter(variables))):
        Settings.from_environment(variables)


def test_an_exception_is_logged_once_as_an_error_line(
    capsys: pytest.CaptureFixture[str], app: Flask
) -> None:
    logs.configure_logging(Settings())  # to the stream of this very test
    app.add_url_rule("/boom", view_func=lambda: 1 / 0)
    assert app.test_client().get("/boom").status_code == 500
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line[:1] == "{"]
    errors = [line for line in lines if line["kind"] == "error"]
    assert len(errors) == 1
    assert "ZeroDivisionError" in errors[0]["exception"]


def test_a_line_break_in_a_path_forges_no_log_line(
    capsys: pytest.CaptureFixture[str], app: Flask
) -> None:
    logs.configure_logging(Settings())  # to the stream of this very test
    app.test_client().get("/a%0a%7b%22kind%22%3a%22app%22%7d")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert [json.loads(line)["kind"] for line in lines] == ["access"]
