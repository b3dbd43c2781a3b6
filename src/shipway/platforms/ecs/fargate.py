"""What sizes of tasks Fargate knows.

Source: developer guide, "Troubleshoot Amazon ECS task definition invalid CPU or memory errors"
(docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html).
"""

from __future__ import annotations

from shipway.core.errors import ConfigError

_GB = 1024
# CPU units (1024 are one vCPU) → MiB of memory
MEMORY: dict[int, tuple[int, ...]] = {
    256: (512, 1 * _GB, 2 * _GB),
    512: tuple(range(1 * _GB, 4 * _GB + 1, _GB)),
    1024: tuple(range(2 * _GB, 8 * _GB + 1, _GB)),
    2048: tuple(range(4 * _GB, 16 * _GB + 1, _GB)),
    4096: tuple(range(8 * _GB, 30 * _GB + 1, _GB)),
    8192: tuple(range(16 * _GB, 60 * _GB + 1, 4 * _GB)),
    16384: tuple(range(32 * _GB, 120 * _GB + 1, 8 * _GB)),
}


def check_size(cpu: int, memory: int, where: str) -> None:
    """Raises ConfigError, with the nearest pair, where Fargate does not know this one.

    where: the key path of the table that has `cpu` and `memory`.
    """
    if memory in MEMORY.get(cpu, ()):
        return
    if cpu not in MEMORY:
        nearest = min(MEMORY, key=lambda one: (abs(one - cpu), one))
        known = ", ".join(map(str, MEMORY))
        raise ConfigError(
            f"{where}.cpu: Fargate has no {cpu}; it has {known}", f"The nearest is {nearest}."
        )
    sizes = MEMORY[cpu]
    close = min(sizes, key=lambda one: (abs(one - memory), one))
    raise ConfigError(
        f"{where}: Fargate has no {memory} MiB with {cpu} CPU units; "
        f"from {sizes[0]} to {sizes[-1]} MiB it has {_steps(sizes)}",
        f"The nearest is memory = {close}.",
    )


def _steps(sizes: tuple[int, ...]) -> str:
    if len(sizes) <= 4:
        return ", ".join(map(str, sizes))
    return f"steps of {sizes[1] - sizes[0]}"
