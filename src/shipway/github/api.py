"""GitHub's REST API, as a job of a workflow may ask it.

https://docs.github.com/en/rest, version 2022-11-28.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.errors import Unreachable
from shipway.system.retry import call_within

_LOG = logging.getLogger(__name__)
_VERSION = "2022-11-28"


@dataclass(frozen=True)
class WorkflowJob:
    """What the runner says of the job (the default variables and the event's file).

    pull_request: its number, 0 where there is none. api, server: addresses.
    """

    repository: str
    run: str
    commit: str
    pull_request: int
    api: str
    server: str

    @property
    def address(self) -> str:
        """The page of this run."""
        return f"{self.server}/{self.repository}/actions/runs/{self.run}"


def workflow_job(environment: Mapping[str, str]) -> WorkflowJob | None:
    """The job that this is; None outside of GitHub Actions."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return None
    pull_request = _event(environment.get("GITHUB_EVENT_PATH", "")).get("pull_request")
    number = pull_request.get("number") if isinstance(pull_request, dict) else 0
    return WorkflowJob(
        environment.get("GITHUB_REPOSITORY", ""),
        environment.get("GITHUB_RUN_ID", ""),
        environment.get("GITHUB_SHA", ""),
        number if isinstance(number, int) else 0,
        environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
        environment.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/"),
    )


class GitHubApi:
    """Asks about one repository. Raises Unreachable, in words, for whatever is no answer.

    limit: seconds that a question may take.
    """

    def __init__(self, address: str, repository: str, token: str, limit: float = 10.0) -> None:
        self._limit = limit
        self._base = f"{address}/repos/{repository}"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": _VERSION,
            "User-Agent": "shipway",
        }

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer, as JSON. path: below the repository's own, with its query."""
        import httpx

        url = f"{self._base}/{path}"
        address = url.partition("?")[0]
        began = time.monotonic()
        try:
            answer = call_within(
                self._limit,
                lambda: httpx.request(
                    method,
                    url,
                    json=body,
                    headers=self._headers,
                    timeout=self._limit,
                    follow_redirects=False,
                ),
            )
            seconds = time.monotonic() - began
            _LOG.info("%s %s: %d in %.3f s", method, address, answer.status_code, seconds)
            data = answer.json() if answer.content else None
        except (TimeoutError, httpx.TimeoutException):
            raise Unreachable(
                f"GitHub did not answer for {self._limit:g} s",
                "Nothing; the next run tells it again. See githubstatus.com.",
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            _LOG.info("%s %s: %s", method, address, type(error).__name__)
            raise Unreachable(
                f"GitHub does not answer: {error or type(error).__name__}",
                "Nothing; the next run tells it again. See githubstatus.com.",
            ) from error
        except ValueError:
            data = None
        if not answer.is_success:
            message = data.get("message", "") if isinstance(data, dict) else ""
            raise Unreachable(
                f"GitHub answered {answer.status_code} to {method} {path}: {message}",
                "See which permissions the job has in its workflow.",
                code="github-refused",
            )
        return data


def _event(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def append_to_file(path: str, text: str) -> None:
    """Add to one of the runner's files (GITHUB_STEP_SUMMARY, GITHUB_OUTPUT); "" is none."""
    if path:
        with open(path, "a", encoding="utf-8", errors="replace") as file:
            file.write(text)


def set_output(name: str, value: str) -> str:
    """One output of a step, as GITHUB_OUTPUT takes it; a value never ends its own line."""
    return f"{name}={' '.join(value.split())}{os.linesep}"
