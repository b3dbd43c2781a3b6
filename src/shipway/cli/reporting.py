"""`report` carried out: the last run as a page, JUnit, SARIF and Markdown."""

from __future__ import annotations

import os

from shipway.cli.project import Project, open_project
from shipway.cli.rollout_page import rollout_pages
from shipway.core.codec import run_from_json, run_to_json, step_from_json, step_to_json
from shipway.core.errors import ConfigError
from shipway.core.release import SBOM_FILE
from shipway.core.result import RunResult
from shipway.effects.files import write_atomic

_ASIDE = (SBOM_FILE, "coverage.json", "coverage.xml")  # steps' own reports, for other programs


def report(*, directory: str, json: bool, source: str) -> int:
    """Write all forms and print where, or print the run as JSON; the exit code.

    source: a folder of what jobs left, which becomes one run first; its verdict is the code then.
    """
    project = open_project(directory)
    if source:
        from shipway.cli.gathering import gather_run

        gather_run(project, source)
    result = project.invocation().run(last_run(project))
    if json:
        steps = ",".join(step_to_json(step) for step in result.steps)
        print(f'{{"run":{run_to_json(result)},"steps":[{steps}]}}')
    else:
        print(write(result, project))
    if not source:
        return 0
    from shipway.cli.gathering import tell

    return tell(result, project, quiet=json)


def last_run(project: Project) -> RunResult:
    """The newest finished run. Raises ConfigError when there is none."""
    found = project.record.last_run()
    if found is None:
        raise ConfigError("there is no run on record", "Run one: shipway run.")
    _, text, steps = found
    if text is None:
        raise ConfigError(
            "the last run is not at its end: it has no verdict",
            "Wait for it where it goes on; run it again where it was cut off.",
        )
    return run_from_json(text, tuple(step_from_json(step) for step in steps))


def write(result: RunResult, project: Project) -> str:
    """Write all forms; the path of the page, relative to here where that is shorter."""
    from shipway.outputs.html import report as page
    from shipway.outputs.junit import junit
    from shipway.outputs.markdown import markdown
    from shipway.outputs.sarif import sarif

    def log(name: str) -> bytes:
        data = project.blobs.get(name)
        if data is None:
            raise KeyError(name)
        return data

    for name, text in {
        "report.html": page(
            result, log, lambda path: _source(project.root, path), rollout_pages(project)
        ),
        "junit.xml": junit(result),
        "findings.sarif": sarif(result),
        "summary.md": markdown(result),
    }.items():
        write_atomic(os.path.join(project.state, name), text.encode())
    for name in _ASIDE:
        found = [step.reports[name] for step in result.steps if name in step.reports]
        if found and (data := project.blobs.get(found[-1])) is not None:
            write_atomic(os.path.join(project.state, name), data)
    path = os.path.join(project.state, "report.html")
    return min(path, os.path.relpath(path), key=len)


def _source(root: str, path: str) -> str | None:
    """The text of a file of the application; None for what is outside of it, or no text."""
    full = os.path.realpath(os.path.join(root, path))
    if os.path.commonpath((full, os.path.realpath(root))) != os.path.realpath(root):
        return None
    try:
        with open(full, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return None
