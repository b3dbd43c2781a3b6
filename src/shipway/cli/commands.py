"""The names of all commands, in the order of the help page, without importing any of them."""

from __future__ import annotations

# name → module in shipway.cli, and the first sentence of its help
COMMANDS = {
    "init": ("init", "Give a repository with a Python web application a pipeline"),
    "run": ("run", "Run the pipeline: check, test, package, and roll out to this machine"),
    "hook": ("hook", "Have git check what is committed and what is pushed"),
    "plan": ("plan", "Say for every step whether it would run, and why"),
    "report": ("report", "Write the last run as a page, JUnit, SARIF and Markdown"),
    "history": (
        "history",
        "Show the runs on record: verdict, duration, coverage, what became slower or is flaky",
    ),
    "ui": (
        "ui",
        "Serve pages for this machine: environments, rollouts and runs as they go on, and history",
    ),
    "deploy": ("deploy", "Roll out the release that was packaged last"),
    "rollback": ("deploy", "Go back to an earlier good release, without building anything"),
    "resume": (
        "deploy",
        "Go on with a rollout that was held or paused, or that a killed command left",
    ),
    "cancel": (
        "deploy",
        "Undo a rollout that is not finished: the old release gets all requests again",
    ),
    "status": ("deploy", "Show what runs in an environment"),
    "down": ("deploy", "Stop everything that runs in an environment"),
    "logs": (
        "logs",
        "Show the last lines of every instance's log; with -f those that come, until Ctrl-C",
    ),
    "promote": (
        "promote",
        "Roll out to one environment what runs in another: the same digest, nothing built again",
    ),
    "notify": (
        "notify",
        "Show the message that [notify] would send about an environment's last rollout, "
        "and to whom",
    ),
    "rehearse": (
        "rehearse",
        "Roll out the packaged release and back, under load, in an environment made for it",
    ),
    "clean": (
        "clean",
        "Show what the policy [retention] no longer keeps and how much it is, then remove it",
    ),
    "cost": ("cost", "Estimate what a month costs, line by line, and what would cost less"),
    "hold": ("hold", "Let nobody deploy to an environment until it is released"),
    "task": (
        "task",
        "Run one command in an environment, with the release that serves there, and wait for it",
    ),
    "doctor": (
        "doctor",
        "Show what works here, what is missing, what is lost without it, and how to get it",
    ),
    "explain": ("explain", "Explain an error code, as docs/troubleshooting.md does"),
    "schema": (
        "schema",
        "Print the JSON schema of shipway.toml, by which editors complete and check it",
    ),
    "cache": (
        "cache",
        "The outcomes of steps that are cached here, and shared with a team and its CI",
    ),
    "findings": ("findings", "What scanners that run elsewhere found"),
    "image": ("image", "The application's image: build it, scan it, push it"),
    "infra": ("infra", "The account's and the environments' stacks in AWS"),
    "secret": ("secret", "Secrets of an environment in AWS"),
    "monitor": (
        "monitor",
        "Alarms, dashboard and saved queries of an environment on AWS: docs/monitoring.md",
    ),
    "workflows": ("workflows", "GitHub's workflows, written from shipway.toml"),
}
