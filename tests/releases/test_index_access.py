"""What uv may see to reach package indexes."""

from __future__ import annotations

from shipway.releases.index_access import index_environment, index_reference, index_secrets

LOCK = "--extra-index-url https://${COMPANY_USER}:${COMPANY_KEY}@company.example/simple\n"
ENVIRONMENT = {
    "COMPANY_USER": "packager",
    "COMPANY_KEY": "k3y",
    "OTHER_KEY": "of something else",
    "NETRC": "/home/netrc",
    "UV_INDEX_TEAM_PASSWORD": "t3am",
    "POETRY_HTTP_BASIC_OLD_USERNAME": "poet",
    "POETRY_HTTP_BASIC_OLD_PASSWORD": "p0et",
}


def test_uv_sees_what_the_lock_refers_to_and_its_own_variables_and_nothing_else() -> None:
    access = index_environment(ENVIRONMENT, [LOCK])
    assert access == {
        "COMPANY_USER": "packager",
        "COMPANY_KEY": "k3y",
        "NETRC": "/home/netrc",
        "UV_INDEX_TEAM_PASSWORD": "t3am",
        "UV_INDEX_OLD_USERNAME": "poet",
        "UV_INDEX_OLD_PASSWORD": "p0et",
    }
    assert {"k3y", "t3am", "p0et"} <= set(index_secrets(access))
    assert "/home/netrc" not in index_secrets(access)


def test_a_lock_refers_to_the_credentials_that_are_set() -> None:
    access = index_environment(ENVIRONMENT, [])
    assert index_reference("old", "https://x/simple", access) == (
        "https://${UV_INDEX_OLD_USERNAME}:${UV_INDEX_OLD_PASSWORD}@x/simple"
    )
    assert index_reference("team", "https://x/simple", access) == (
        "https://:${UV_INDEX_TEAM_PASSWORD}@x/simple"
    )
    assert index_reference("public", "https://x/simple", access) == "https://x/simple"
    assert index_reference("", "https://${A}@x/simple", access) == "https://${A}@x/simple"
