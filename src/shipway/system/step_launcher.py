"""Start a program that may be the code under test, and end all that it leaves behind.

    python -I -S -c "…" FOLDER CONTROL STATUS OPTION=VALUE… -- PROGRAM ARGUMENT…

Runs as a program of its own, in Shipway's Python, and imports nothing that takes long to load:
every step pays for it. sandbox.py starts it and reads what it reports.

CONTROL is a pipe: a `t` in it asks the program to end (SIGTERM to its group), and when it closes,
because Shipway closed it or has died, everything is killed. STATUS is a pipe, too, a line for each
report: `held MODE`, `refused WHAT`, `missing ERRNO`, `limit NAME`, `ended STATUS`.

Modes, by what the kernel allows:

- `namespaces`: mount and process namespaces of its own, in a user namespace where the user is not
  root (man 7 user_namespaces). Folders are read-only or empty, the processes of others are not
  there, and with the first process of the namespace the kernel ends all others.
- `landlock`: a Landlock domain (man 7 landlock). Other processes cannot be traced, read, or (since
  ABI 6) signalled. What a process leaves behind becomes a child of this one
  (PR_SET_CHILD_SUBREAPER).
- `plain`: only the latter.
"""

from __future__ import annotations

import ctypes
import os
import select
import sys

_libc = ctypes.CDLL(None, use_errno=True)

_NEWNS, _NEWUSER, _NEWPID, _NEWNET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_REMOUNT, _NOATIME, _NODIRATIME, _BIND, _REC = 32, 1024, 2048, 4096, 16384
_SLAVE, _RELATIME, _DETACH = 1 << 19, 1 << 21, 2
_STATVFS_RELATIME = 4096
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS = 1, 36, 38
_PIDFD_OPEN, _CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 434, 444, 445, 446
_SIGKILL, _SIGTERM, _SIGSTOP = 9, 15, 19
_REFER = 1 << 13  # the right to move and link files between folders; of ABI 2
_SCOPE_SIGNAL = 1 << 1
_INTERVAL = 500  # milliseconds between looks at memory and processes
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Refused(Exception):
    """The kernel does not allow something that a mode needs."""


def main() -> None:
    """Never returns."""
    control, status = int(sys.argv[2]), int(sys.argv[3])
    for handle in (control, status):
        os.set_inheritable(handle, False)
    end = sys.argv.index("--", 4)
    options: dict[str, list[str]] = {}
    for option in sys.argv[4:end]:
        name, _, value = option.partition("=")
        options.setdefault(name, []).append(value)
    os._exit(_launch(control, status, options, sys.argv[end + 1 :]))


def _launch(control: int, status: int, options: dict[str, list[str]], program: list[str]) -> int:
    mode = options["mode"][0]
    if mode != "namespaces":
        _libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        return _supervise(control, status, options, program)
    outside = os.getpid()
    try:
        _enter_namespaces(options)
    except (Refused, OSError) as problem:
        _say(status, f"refused {problem}")
        return 1
    first = os.fork()
    if first == 0:
        try:
            _call(_libc.mount, b"proc", b"/proc", b"proc", _NOSUID | _NODEV | _NOEXEC, None)
            _number_from(outside)
        except (Refused, OSError) as problem:
            _say(status, f"refused {problem}")
            os._exit(1)
        os._exit(_supervise(control, status, options, program))
    for handle in (0, 1, 2, control, status):  # or whoever reads them would wait for this process
        os.close(handle)
    os.waitpid(first, 0)
    return 0


# What the program may not touch.


def _enter_namespaces(options: dict[str, list[str]]) -> None:
    """A view of the files and processes that only the program has. Raises Refused."""
    user, group = os.geteuid(), os.getegid()
    if user and _reads("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        raise Refused("AppArmor restricts user namespaces")
    if not user and _landlock_version() < 2:
        raise Refused("root could undo it, and there is no Landlock to forbid that")
    offline = _NEWNET if "network" in options else 0
    _call(_libc.unshare, _NEWNS | _NEWPID | offline | (_NEWUSER if user else 0))
    if user:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    _call(_libc.mount, None, b"/", None, _REC | _SLAVE, None)
    _protect(options)
    if offline:
        _bring_up_loopback()


def _protect(options: dict[str, list[str]]) -> None:
    for folder in options.get("hidden", []):
        flags = _RDONLY | _NOSUID | _NODEV | _NOEXEC
        _call(_libc.mount, b"tmpfs", os.fsencode(folder), b"tmpfs", flags, b"mode=0500")
    read_only = [path for path in options.get("read_only", []) if os.path.exists(path)]
    writable = [path for path in options.get("writable", []) if os.path.exists(path)]
    own = [(path, os.open(path, os.O_PATH)) for path in writable]  # before something covers them
    for path in options.get("scratch", []):
        try:
            _lay_over(path)
        except (Refused, OSError):
            read_only.append(path)
            own += [(each, os.open(each, os.O_PATH)) for each in options.get("unless_scratch", [])]
    for path in read_only:
        _bind(path, path)
    for path, handle in own:
        _bind(f"/proc/self/fd/{handle}", path)
        os.close(handle)
    for path in read_only:
        flags = _BIND | _REMOUNT | _RDONLY | _flags(path)
        _call(_libc.mount, None, os.fsencode(path), None, flags, None)


def _lay_over(folder: str) -> None:
    """What is written to the folder lands in memory (the kernel's overlayfs)."""
    if any(letter in folder for letter in ":,\\"):
        raise Refused("its options have no such path")
    name = os.fsencode(folder)
    own = b"userxattr," if os.geteuid() else b""
    _call(_libc.mount, b"tmpfs", b"/proc", b"tmpfs", _NOSUID | _NODEV, b"mode=0700")
    try:
        os.mkdir("/proc/upper")
        os.mkdir("/proc/work")
        data = own + b"lowerdir=" + name + b",upperdir=/proc/upper,workdir=/proc/work"
        _call(_libc.mount, b"overlay", name, b"overlay", 0, data)
    finally:
        _call(_libc.umount2, b"/proc", _DETACH)


def _bind(source: str, path: str) -> None:
    _call(_libc.mount, os.fsencode(source), os.fsencode(path), None, _BIND | _REC, None)


def _flags(path: str) -> int:
    """Those of the mount, which a remount has to keep."""
    flags = os.statvfs(path).f_flag
    kept = flags & (_NOSUID | _NODEV | _NOEXEC | _NOATIME | _NODIRATIME)
    return kept | (_RELATIME if flags & _STATVFS_RELATIME else 0)


def _bring_up_loopback() -> None:
    """man 7 netdevice: SIOCSIFFLAGS with IFF_UP | IFF_RUNNING."""
    import fcntl
    import socket

    request = b"lo".ljust(16, b"\0") + (0x1 | 0x40).to_bytes(2, sys.byteorder) + bytes(22)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, request)


def _number_from(pid: int) -> None:
    """Let process ids go on where they are outside: names of files that are made of them would
    be the same in two steps at once. Not every kernel can."""
    try:
        _write("/proc/sys/kernel/ns_last_pid", str(pid))
    except OSError:
        return


def _landlock_version() -> int:
    """The kernel's ABI; less than 1 where there is none."""
    return int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1))


def _restrict(*, files: bool) -> None:
    """Enter a Landlock domain: nothing outside of it can be traced, read as /proc has it, or
    signalled. files: nothing can be mounted or unmounted, either."""
    version = _landlock_version()
    files = files or version < 6
    rights = (ctypes.c_uint64 * 3)()
    size = 8 if version < 4 else 16 if version < 6 else 24
    rights[0] = _REFER if files else 0
    rights[2] = _SCOPE_SIGNAL if version >= 6 else 0
    rules = _libc.syscall(_CREATE_RULESET, ctypes.byref(rights), ctypes.c_size_t(size), 0)
    if rules < 0:
        raise Refused(f"Landlock: {os.strerror(ctypes.get_errno())}")
    if files:  # without this rule, no file could be moved from one folder to another
        top = os.open("/", os.O_PATH)
        rule = _REFER.to_bytes(8, sys.byteorder) + top.to_bytes(4, sys.byteorder)
        if _libc.syscall(_ADD_RULE, rules, 1, rule, 0):
            raise Refused(f"Landlock: {os.strerror(ctypes.get_errno())}")
        os.close(top)
    if _libc.syscall(_RESTRICT_SELF, rules, 0):
        _call(_libc.prctl, _SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if _libc.syscall(_RESTRICT_SELF, rules, 0):
            raise Refused(f"Landlock: {os.strerror(ctypes.get_errno())}")
    os.close(rules)


# The program's life.


def _supervise(control: int, status: int, options: dict[str, list[str]], program: list[str]) -> int:
    """Start the program, wait for its end, and end what is left."""
    mode = options["mode"][0]
    if mode == "landlock" and _landlock_version() < 2:
        _say(status, "refused the kernel has no Landlock")
        return 1
    if mode != "namespaces" and "network" in options:
        _say(status, "refused only a namespace of its own can take the network away")
        return 1
    _say(status, f"held {mode}")
    child = os.fork()
    if child == 0:
        _become(status, mode, program)
    for stream in (0, 1, 2):
        os.close(stream)
    ended = _await(child, control, status, options)
    if mode != "namespaces":  # there, the end of this process is the end of all
        _end_descendants()
    _say(status, f"ended {ended}")
    return 0


def _become(status: int, mode: str, program: list[str]) -> None:
    """Never returns."""
    os.setsid()
    try:
        if mode != "namespaces":
            _libc.prctl(_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        if mode == "landlock" or (mode == "namespaces" and os.geteuid() == 0):
            _restrict(files=mode == "namespaces")
        os.execvpe(program[0], program, _environment())
    except OSError as problem:
        _say(status, f"missing {problem.errno}")
    except Refused as problem:
        _say(status, f"refused {problem}")
    os._exit(127)


def _environment() -> dict[bytes, bytes]:
    """As it was: Python itself adds LC_CTYPE where the locale is C (PEP 538)."""
    with open(f"/proc/{os.getpid()}/environ", "rb") as file:
        pairs = (entry.partition(b"=") for entry in file.read().split(b"\0") if b"=" in entry)
        return {name: value for name, _, value in pairs}


def _await(child: int, control: int, status: int, options: dict[str, list[str]]) -> int:
    """Until the program has ended, or has to; its status as wait(2) has it."""
    poll = select.poll()
    poll.register(control, select.POLLIN)
    ending = _libc.syscall(_PIDFD_OPEN, child, 0)
    if ending >= 0:
        poll.register(ending, select.POLLIN)
    names: list[str] = [name for name in ("memory", "processes") if name in options]
    limits = {name: int(options[name][0]) for name in names}
    while True:
        ready = poll.poll(_INTERVAL if ending >= 0 else 20)
        if any(handle == control for handle, _ in ready):
            if not os.read(control, 1):
                return _SIGKILL
            _signal(-child, _SIGTERM)
        ended = _reap(child)
        if ended is not None:
            return ended
        exceeded = _exceeded(limits) if limits and not ready else []
        if exceeded:
            _say(status, f"limit {exceeded[0]}")
            return _SIGKILL


def _reap(child: int) -> int | None:
    """Take in all that have ended, also what was left behind; the status of the child."""
    while True:
        try:
            pid, ended = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return _SIGKILL
        if pid == child:
            return ended
        if not pid:
            return None


def _end_descendants() -> None:
    """Stop them first: what is stopped starts no others meanwhile."""
    stopped: set[int] = set()
    for _ in range(1000):
        running = [pid for pid in _descendants() if pid not in stopped]
        if not running:
            break
        for pid in running:
            _signal(pid, _SIGSTOP)
        stopped.update(running)
    for pid in stopped:
        _signal(pid, _SIGKILL)
    pause = select.poll()
    for _ in range(200):  # another user's (sudo) cannot be killed, and is not waited for
        try:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                pause.poll(10)
        except ChildProcessError:
            return


def _exceeded(limits: dict[str, int]) -> list[str]:
    """Of what the program and its descendants use too much."""
    pids = _descendants()
    exceeded = ["processes"] if 0 < limits.get("processes", 0) < len(pids) else []
    most = limits.get("memory", 0)
    # What is shared counts for each in the first sum, and in part in the second, which is slow.
    if most and sum(map(_resident, pids)) > most and sum(map(_proportional, pids)) > most:
        exceeded.append("memory")
    return exceeded


def _descendants() -> list[int]:
    """All processes below this one that have not ended."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        fields = _reads(f"/proc/{name}/stat").rpartition(")")[2].split()
        if fields and fields[0] not in ("Z", "X"):
            children.setdefault(int(fields[1]), []).append(int(name))
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _resident(pid: int) -> int:
    """Bytes of memory that are no file's (man 5 proc: resident without shared)."""
    fields = _reads(f"/proc/{pid}/statm").split()
    return (int(fields[1]) - int(fields[2])) * _PAGE if fields else 0


def _proportional(pid: int) -> int:
    """Bytes of memory, where shared pages count for each process in part."""
    amounts = {}
    for line in _reads(f"/proc/{pid}/smaps_rollup").splitlines():
        name, _, value = line.partition(":")
        if name in ("Pss_Anon", "Pss_Shmem"):
            amounts[name] = int(value.split()[0]) * 1024
    return sum(amounts.values()) if amounts else _resident(pid)


# The kernel.


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:
        return  # it has ended, or is another user's now


def _say(status: int, line: str) -> None:
    try:
        os.write(status, line.encode("utf-8", "replace") + b"\n")
    except OSError:
        return  # Shipway has gone


def _reads(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _call(function: object, *arguments: object) -> None:
    """Call a function of the C library. Raises Refused with its error."""
    if function(*arguments):  # type: ignore[operator]  # of ctypes, which has no types
        raise Refused(os.strerror(ctypes.get_errno()))
