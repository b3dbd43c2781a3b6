"""The tiny application made insecure, for real scanners to find; none of it is ever run."""

from __future__ import annotations

from collections.abc import Mapping

from . import tiny_application

_UNSAFE = """import subprocess


def look(name, cursor):
    cursor.execute("SELECT * FROM wards WHERE name = '%s'" % name)
    return subprocess.run("ls " + name, shell=True)


def debt(name):
    try:
        return len(name)
    except Exception:  # nosec B110
        pass
"""

BANDIT = {
    "bad": {**tiny_application.CLEAN, "town/unsafe.py": _UNSAFE},
    "clean": tiny_application.CLEAN,
    "nothing": tiny_application.NOTHING,
    "syntax": {**tiny_application.SYNTAX, "town/unsafe.py": _UNSAFE},
    "no-package": {"README": "no package here\n"},
}

_VIEWS = """from flask import Blueprint, make_response, request
from sqlalchemy import text

bp = Blueprint("wards", __name__)


@bp.get("/wards")
def wards():
    found = session.execute(
        text("SELECT * FROM wards WHERE name = '" + request.args["name"] + "'")
    )
    return {"wards": list(found)}


@bp.get("/remember/<code>")
def remember(code: str):
    response = make_response({"code": code})
    response.set_cookie("ward", code, httponly=True, samesite="Lax")
    response.set_cookie("last", code, httponly=True, samesite="Lax")  # nosemgrep
    return response
"""
_PAGE = """<h1>{{ ward.name }}</h1>
<p>{{ ward.note|safe }}</p>
<a href="{{ ward.website }}">website</a>
"""
_UNSAFE_VIEWS = {
    **tiny_application.CLEAN,
    "town/views.py": _VIEWS,
    "town/templates/ward.html": _PAGE,
    "tests/unit/test_views.py": _VIEWS,
}

SEMGREP = {
    "bad": _UNSAFE_VIEWS,
    "clean": tiny_application.CLEAN,
    "nothing": tiny_application.NOTHING,
    "syntax": {
        **_UNSAFE_VIEWS,
        **tiny_application.SYNTAX,
        "town/half.py": "def f():\n    y = = 2\n",
    },
    "own-settings": {**_UNSAFE_VIEWS, ".semgrepignore": "town/views.py\n"},
    "all-ignored": {**_UNSAFE_VIEWS, ".semgrepignore": "*\n"},
}

_GOOD_IMAGE = """FROM python:3.12.8-slim-bookworm
USER 10001
CMD ["python"]
"""
_IMAGE = """FROM python:latest
ENV PAYMENT_PASSWORD=none
RUN curl -fsSL https://example.test/install.sh | sh
RUN sudo ls $HOME
# hadolint ignore=DL3025
CMD python
USER root
"""

HADOLINT = {
    "bad": {"Dockerfile": _IMAGE},
    "clean": {"Dockerfile": _GOOD_IMAGE},
    "nothing": tiny_application.NOTHING,
    "syntax": {"Dockerfile": _IMAGE + "NONSENSE x\n"},
    "own-settings": {
        "Dockerfile": _IMAGE,
        ".hadolint.yaml": "failure-threshold: none\nignored: [DL3064, SC2086]\n"
        "override:\n  style: [DL3007]\n",
    },
    "other-format": {"Dockerfile": _IMAGE, ".hadolint.yaml": "format: tty\n"},
    "wrong-settings": {"Dockerfile": _IMAGE, ".hadolint.yaml": "ignored: [\n"},
}

_WORKFLOW = """name: Check
on: push
permissions: {}
jobs:
  test:
    name: Test
    runs-on: ubuntu-24.04
    steps:
      - run: make test
"""
_BAD_WORKFLOW = """name: Welcome
on:
  pull_request_target:  # zizmor: ignore[dangerous-triggers]
permissions: {}
jobs:
  greet:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - run: |
          echo "Welcome"
          echo "${{ github.event.pull_request.title }}"
"""
_CHECK, _WELCOME = ".github/workflows/check.yml", ".github/workflows/welcome.yml"

_BLOCKS = """name: Release
on:
  push:
    tags: ["v*"]
permissions: {}
jobs:
  build:
    runs-on: ubuntu-24.04
    env:
      LEVEL: high
      ACTIONS_ALLOW_UNSECURE_COMMANDS: true
    steps:
      - run: make
  publish:
    uses: crew/publish/.github/workflows/a.yml@8f4b7f84864484a7bf31766abe9204da3cbe65b3
    secrets: inherit
"""

ZIZMOR = {
    "bad": {_CHECK: _WORKFLOW, _WELCOME: _BAD_WORKFLOW},
    "clean": {_CHECK: _WORKFLOW},
    "nothing": tiny_application.NOTHING,
    "no-workflow": {".github/workflows/README.md": "none yet\n"},
    "syntax": {_CHECK: _WORKFLOW + "  - [\n", _WELCOME: _BAD_WORKFLOW},
    "own-settings": {
        _WELCOME: _BAD_WORKFLOW,
        ".github/zizmor.yml": "rules:\n  template-injection:\n    disable: true\n"
        "  unpinned-uses:\n    disable: true\n",
    },
    "blocks": {".github/workflows/release.yml": _BLOCKS},
    "wrong-settings": {_WELCOME: _BAD_WORKFLOW, ".github/zizmor.yml": "rules: [\n"},
}

WORKFLOW_SCHEMA = {
    "bad": {
        _CHECK: _WORKFLOW,
        _WELCOME: _BAD_WORKFLOW.replace("runs-on", "run-on"),
        ".github/workflows/empty.yaml": "",
        ".github/workflows/README.md": "Not one of them.\n",
    },
    "clean": {_CHECK: _WORKFLOW, _WELCOME: _BAD_WORKFLOW},
    "nothing": tiny_application.NOTHING,
    "no-workflow": ZIZMOR["no-workflow"],
    "syntax": ZIZMOR["syntax"],
}

ACTIONLINT = {
    "bad": {
        _CHECK: _WORKFLOW.replace("runs-on: ", "runs-on: ${{ github.nothing }} # "),
        _WELCOME: _BAD_WORKFLOW,
        ".github/workflows/empty.yaml": "",
    },
    "clean": {_CHECK: _WORKFLOW},
    "nothing": tiny_application.NOTHING,
    "no-workflow": ZIZMOR["no-workflow"],
    "syntax": ZIZMOR["syntax"],
}

_STACK = """AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Papers:
    Type: AWS::S3::Bucket
    Properties:
      PublicAccessBlockConfiguration:
        BlockPublicAcls: true
        BlockPublicPolicy: true
        IgnorePublicAcls: true
        RestrictPublicBuckets: true
"""
_BAD_STACK = """AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Wards:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      DBInstanceClass: db.t3.micro
      Engine: postgres
      AllocatedStorage: "20"
      MasterUsername: wards
      MasterUserPassword: river
      PubliclyAccessible: true
  Door:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: the way in
      SecurityGroupIngress:
        - IpProtocol: tcp
          FromPort: 22
          ToPort: 22
          CidrIp: 0.0.0.0/0
          Colour: blue
"""
_TEMPLATE = tiny_application.CONFIG.application.templates[0]

CFN_LINT = {
    "bad": {_TEMPLATE: _BAD_STACK},
    "clean": {_TEMPLATE: _STACK},
    "nothing": tiny_application.NOTHING,
    "syntax": {_TEMPLATE: _STACK + "  - [\n"},
    "own-settings": {
        _TEMPLATE: _BAD_STACK,
        ".cfnlintrc": "ignore_checks: [E]\nnon_zero_exit_code: error\n",
    },
    "forgiving": {_TEMPLATE: _STACK + "  - [\n", ".cfnlintrc": "ignore_bad_template: true\n"},
    "left-out": {_TEMPLATE: _STACK, ".cfnlintrc": "ignore_templates: [infrastructure/*.yaml]\n"},
    "wrong-settings": {_TEMPLATE: _STACK, ".cfnlintrc": "ignore_everything: true\n"},
}

_ALL = {"Dockerfile": _GOOD_IMAGE, _CHECK: _WORKFLOW, _TEMPLATE: _STACK}

CHECKOV = {
    "bad": {
        "Dockerfile": _IMAGE,
        _CHECK: _WORKFLOW,
        _WELCOME: _BAD_WORKFLOW,
        _TEMPLATE: _BAD_STACK,
    },
    "clean": {
        "Dockerfile": _GOOD_IMAGE + "HEALTHCHECK CMD true\n",
        _CHECK: _WORKFLOW,
        _TEMPLATE: 'AWSTemplateFormatVersion: "2010-09-09"\nResources:\n  Wait:\n'
        "    Type: AWS::CloudFormation::WaitConditionHandle\n",
    },
    "nothing": tiny_application.NOTHING,
    "syntax": {**_ALL, _TEMPLATE: _STACK + "  - [\n"},
    "no-dockerfile": {_CHECK: _WORKFLOW, _TEMPLATE: _STACK},
    "own-settings": {**_ALL, ".checkov.yaml": "skip-check: [CKV_AWS_18]\nhard-fail-on: [LOW]\n"},
    "quiet": {**_ALL, ".checkov.yaml": "quiet: true\n"},
    "wrong-settings": {**_ALL, ".checkov.yaml": "quiet: [\n"},
}

CASES: dict[tuple[str, str], Mapping[str, str]] = {
    (name, case): files
    for name, cases in {
        "bandit": BANDIT,
        "semgrep": SEMGREP,
        "hadolint": HADOLINT,
        "zizmor": ZIZMOR,
        "workflow-schema": WORKFLOW_SCHEMA,
        "actionlint": ACTIONLINT,
        "cfn-lint": CFN_LINT,
        "checkov": CHECKOV,
    }.items()
    for case, files in cases.items()
}
