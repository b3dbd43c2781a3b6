"""What an application is told about where to listen."""

from __future__ import annotations


def with_address(command: str, address: str) -> str:
    """A command with {bind}, {host} and {port} filled in. address: `host:port`."""
    host, _, port = address.rpartition(":")
    return command.replace("{bind}", address).replace("{host}", host).replace("{port}", port)


def source_folder(packages: tuple[str, ...]) -> str:
    """Where Python has to look beside the root: `src` for that layout, "" for any other."""
    return "src" if any(package.startswith("src/") for package in packages) else ""
