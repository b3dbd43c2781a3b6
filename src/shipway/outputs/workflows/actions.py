"""Every action that the workflows use, pinned. One table: to update one is to change one line."""

from __future__ import annotations

# action → the commit, and the tag that it had.
PINS = {
    "actions/attest-build-provenance": ("0f67c3f4856b2e3261c31976d6725780e5e4c373", "v4.1.1"),
    "actions/cache": ("55cc8345863c7cc4c66a329aec7e433d2d1c52a9", "v6.1.0"),
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/dependency-review-action": ("2031cfc080254a8a887f58cffee85186f0e49e48", "v4.9.0"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("043fb46d1a93c77aae656e7c1c64a875d1fc6a0a", "v7.0.1"),
    "aws-actions/configure-aws-credentials": ("e6de054238d6b7531b4efff3b6587d9aade6a06c", "v6.2.3"),
    "codecov/codecov-action": ("fb8b3582c8e4def4969c97caa2f19720cb33a72f", "v7.0.0"),
    "github/codeql-action": ("99df26d4f13ea111d4ec1a7dddef6063f76b97e9", "v4.37.0"),
}


def uses(action: str) -> str:
    """`actions/cache/save@<commit> # v6.1.0`. Raises KeyError for one that is not in the table."""
    commit, tag = PINS["/".join(action.split("/")[:2])]
    return f"{action}@{commit} # {tag}"
