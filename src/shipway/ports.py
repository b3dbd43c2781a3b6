"""What flows need of the outside, as Protocols. Each has its real form in effects or platforms,
and a fake beside that one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
    Protocol,
    overload,
)

from shipway.codec import JsonObject

if TYPE_CHECKING:  # what AWS takes and answers, for mypy only: importing it is not free
    from types_boto3_application_autoscaling import ApplicationAutoScalingClient
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_ecr import ECRClient
    from types_boto3_ecs import ECSClient
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client
    from types_boto3_iam import IAMClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_rds import RDSClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_ssm import SSMClient
    from types_boto3_sts import STSClient

OUTPUT_LIMIT = 8 * 1024 * 1024
PACKAGE = "package"  # the step that makes a release
MANIFEST_FILE = "release-files.json"  # its report: file → fingerprint


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """What a program may do that is the code under test, or runs it.

    read_only: folders that it cannot write to, except for `writable` below them. scratch: folders
    that it can change for itself alone, except for `writable` below them: what it writes is gone
    when it ends. Where the system has no such thing they are read-only, and `unless_scratch` is
    writable. hidden: folders that are empty for it. network: whether it may reach other machines;
    its own loopback always works. memory: bytes of memory that it and all that it starts may use.
    processes: how many these may be. output: bytes that it may print. 0 is no limit.
    """

    read_only: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    scratch: tuple[str, ...] = ()
    unless_scratch: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    network: bool = True
    memory: int = 0
    processes: int = 0
    output: int = 0


@dataclass(frozen=True)
class Command:
    """A program to run. `env` is all it sees: nothing is inherited.

    timeout: seconds. secrets: values to be blotted out of everything it prints. sandbox: what
    holds it; None for Shipway's own programs. stdin: what it can read there; it should be short.
    """

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 600.0
    secrets: tuple[str, ...] = ()
    output_limit: int = OUTPUT_LIMIT
    sandbox: Sandbox | None = None
    stdin: bytes = b""


@dataclass(frozen=True)
class Completed:
    """How a program ended. code is negative for a signal; timed_out and cancelled say why, and
    exceeded: which limit of its sandbox it reached, as a sentence."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False
    cancelled: bool = False
    exceeded: str = ""


@dataclass(frozen=True)
class Server:
    """A program that outlives the command that started it.

    born: when the kernel started it, in its own ticks. Together with pid it names one process
    for ever: a number that is used again belongs to a later birth. log: what it was started to
    write to; whatever does not write there was never started as this server.
    """

    pid: int
    born: str
    log: str = field(default="", compare=False)


OnOutput = Callable[[str], None]


class Processes(Protocol):
    """Runs programs. Raises CannotRun when the program does not exist or cannot be started."""

    def run(self, command: Command, on_output: OnOutput | None = None) -> Completed: ...

    def spawn(self, command: Command, log: str) -> Server:
        """Start a server in a process group of its own, its output appended to `log`."""
        ...

    def orphans(self, log: str) -> Server | None:
        """The server that was last started with this log, where it still runs."""
        ...

    def alive(self, server: Server) -> bool:
        """Whether it runs."""
        ...

    def stop(self, server: Server, grace: float) -> None:
        """SIGTERM to the group, SIGKILL after `grace` seconds. A dead one is fine.

        Only what `spawn` started with the server's log is ever signalled.
        """
        ...


class Clock(Protocol):
    """Time."""

    def now(self) -> float: ...  # seconds since the epoch
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True)
class Response:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """Asks; raises Unreachable when nobody answers within `timeout` seconds."""

    def get(
        self, url: str, *, timeout: float = 5.0, headers: Mapping[str, str] | None = None
    ) -> Response: ...


@dataclass(frozen=True)
class WebhookRequest:
    """A message that is ready to be posted.

    url and headers may hold secrets, and are shown nowhere. expects_ok: the answer is JSON that
    has to say `"ok": true`, as Slack's Web API has it.
    """

    channel: str
    url: str = field(repr=False)
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    expects_ok: bool = False


@dataclass(frozen=True)
class Delivery:
    """What became of a letter. problem: why it did not arrive, "" where it did; seconds: how long
    all attempts took."""

    channel: str
    problem: str = ""
    attempts: int = 0
    seconds: float = 0.0


class Notifier(Protocol):
    """Posts letters. Never raises: what goes wrong is in the delivery."""

    def send(self, letter: WebhookRequest, limit: float) -> Delivery:
        """Post it, again where that may help; `limit` seconds at most, all attempts together."""
        ...


StoredKind = Literal["ac", "cas"]  # entries by their key, contents by their SHA-256


class OutcomeStore(Protocol):
    """Where outcomes are shared: files by kind and name, a name being 64 hexadecimal digits.

    Every call ends within `timeout` seconds and raises Unreachable where the store does not answer
    as it should. Safe to be called from several threads.
    """

    @property
    def address(self) -> str:
        """Where it is, without anything secret."""
        ...

    def open(self) -> None:
        """Prepare to be asked: what is imported for it takes no time from the store's."""
        ...

    def get(self, kind: StoredKind, name: str, limit: int, timeout: float) -> bytes | None:
        """The file, None where there is none. At most `limit` bytes and one more, by which a
        reader knows of one that is too large."""
        ...

    def has(self, kind: StoredKind, name: str, timeout: float) -> bool:
        """Whether there is such a file."""
        ...

    def put(self, kind: StoredKind, name: str, data: bytes, timeout: float) -> None:
        """Keep a file. Raises CannotRun where the store takes others, but not this one."""
        ...


AwsService = Literal[
    "application-autoscaling",
    "ce",
    "cloudformation",
    "cloudwatch",
    "ec2",
    "ecr",
    "ecs",
    "elbv2",
    "iam",
    "logs",
    "rds",
    "s3",
    "secretsmanager",
    "ssm",
    "sts",
]


class CostExplorerClient(Protocol):
    """As much of Cost Explorer (boto3: "ce") as is asked."""

    def get_anomaly_monitors(self, **request: str) -> Mapping[str, Any]: ...


class Clients(Protocol):
    """Clients of AWS, by boto3's names for the services. They ask again by themselves where that
    helps; what they raise is final."""

    @property
    def region(self) -> str: ...

    @overload
    def client(
        self, service: Literal["application-autoscaling"]
    ) -> ApplicationAutoScalingClient: ...
    @overload
    def client(self, service: Literal["ce"]) -> CostExplorerClient: ...
    @overload
    def client(self, service: Literal["cloudformation"]) -> CloudFormationClient: ...
    @overload
    def client(self, service: Literal["cloudwatch"]) -> CloudWatchClient: ...
    @overload
    def client(self, service: Literal["ec2"]) -> EC2Client: ...
    @overload
    def client(self, service: Literal["ecr"]) -> ECRClient: ...
    @overload
    def client(self, service: Literal["ecs"]) -> ECSClient: ...
    @overload
    def client(self, service: Literal["elbv2"]) -> ElasticLoadBalancingv2Client: ...
    @overload
    def client(self, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, service: Literal["logs"]) -> CloudWatchLogsClient: ...
    @overload
    def client(self, service: Literal["rds"]) -> RDSClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["secretsmanager"]) -> SecretsManagerClient: ...
    @overload
    def client(self, service: Literal["ssm"]) -> SSMClient: ...
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...


class RenewableClients(Clients, Protocol):
    """Those whose credentials may expire while they are needed."""

    def renew(self) -> None:
        """Look for credentials anew: somebody may have signed in again."""
        ...


class FreezeStore(Protocol):
    """Where an environment's hold is kept, as text (rollouts/deploy_freeze.py)."""

    def hold(self, environment: str) -> str:
        """What is kept; "" for nothing."""
        ...

    def put_hold(self, environment: str, text: str) -> None: ...

    def release_hold(self, environment: str) -> None:
        """Nothing is kept any more. Releasing what is not held is fine."""
        ...


# What a stack costs a month in US dollars: its template's name and its parameters.
Estimate = Callable[[str, Mapping[str, str]], float]


class EndedStep(NamedTuple):
    """A step that ended, as the record keeps it.

    result: as JSON. seconds: how long it took, None where that says nothing about next time.
    key, parts: of its cache entry, "" where there is none; no parts where it
    explains no miss. now: seconds since the epoch.
    """

    step: str
    result: str
    seconds: float | None = None
    key: str = ""
    parts: str = ""
    now: float = 0.0


class Packaged(NamedTuple):
    """What a run packaged.

    run, commit: which run, and the commit it ran on; "" where that is not known. ended: whether
    that run has ended. release: its fields. manifest: digest of the stored list of its files; ""
    for releases from before there was one.
    """

    run: str
    commit: str
    ended: bool
    release: JsonObject
    manifest: str = ""


class Releases(Protocol):
    """The part of the record that a rollout needs. Every call is durable when it returns."""

    def put_state(self, environment: str, state: Mapping[str, object]) -> None:
        """Replace what is known to run in an environment: the fields of a document (codec.py)."""
        ...

    def state(self, environment: str) -> JsonObject | None: ...

    def add_release(self, release: Mapping[str, object]) -> None: ...

    def releases(self) -> Sequence[JsonObject]: ...

    def add_rollout(self, environment: str, rollout: Mapping[str, object]) -> int:
        """Append a rollout and return its number; `update_rollout` completes it."""
        ...

    def update_rollout(self, number: int, rollout: Mapping[str, object]) -> None:
        """Put these values over what is known of it; what is not given stays."""
        ...

    def rollouts(self, environment: str) -> Sequence[JsonObject]:
        """Newest first; each has its `number`."""
        ...


@dataclass(frozen=True)
class Commit:
    """One commit between two releases. subject and author are whatever somebody wrote."""

    id: str
    author: str
    subject: str


@dataclass(frozen=True)
class Changes:
    """The commits between the release that ran and the new one.

    more: how many there are beyond these. undone: they are what going back takes away.
    """

    commits: tuple[Commit, ...] = ()
    more: int = 0
    undone: bool = False
