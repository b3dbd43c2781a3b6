"""A health check is a good answer of the application's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.config.health_check import HealthCheck
from shipway.config.validation import validate
from shipway.errors import ConfigError


@given(st.integers(100, 599))
def test_2xx_is_healthy_and_nothing_else_is(status: int) -> None:
    assert bool(HealthCheck("/").fault(status, {})) == (status // 100 != 2)


def test_3xx_is_healthy_where_it_is_configured() -> None:
    assert HealthCheck("/", "200,302").fault(302, {}) == ""
    assert HealthCheck("/", "200,301-302").fault(302, {}) == ""
    assert HealthCheck("/", "200,301-302").fault(303, {})


def test_a_redirect_to_https_of_the_same_page_is_told_for_what_it_is() -> None:
    for location in ("https://wards.example/up", "https://127.0.0.1:8000/up"):
        fault = HealthCheck("/up").fault(301, {"Location": location})
        assert fault.startswith("/up answers 301 to HTTPS: health checks come by HTTP")


def test_a_redirect_to_another_page_names_it() -> None:
    assert "answers 302 to /login:" in HealthCheck("/").fault(302, {"location": "/login"})


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (404, "has no such page"),
        (403, "needs no account"),
        (400, "take every Host"),
        (503, "/health answers 503"),
    ],
)
def test_what_is_unhealthy_has_its_cause(status: int, cause: str) -> None:
    assert cause in HealthCheck("/health").fault(status, {})


@pytest.mark.parametrize("codes", ["", "2xx", "200-", "200,", "199", "500", "200-299\n"])
def test_statuses_that_a_load_balancer_would_refuse_are_refused(codes: str) -> None:
    with pytest.raises(ConfigError, match='such as "200", "200,204" or "200-299"'):
        validate({"application": {"health_codes": codes}}, "shipway.toml")
