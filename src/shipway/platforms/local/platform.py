"""This machine as a platform: releases as processes behind Envoy."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from shipway.core.config import Config, Environment
from shipway.core.errors import Busy, CannotRun, ConfigError, ShipwayError, Unreachable
from shipway.core.outcome import Verdict
from shipway.core.ports import Clock, Http, OnOutput, Processes, Releases
from shipway.core.receipt import Receipt
from shipway.core.release import Release
from shipway.core.rollout import Action, Observation, Rollout, Stage, advance, begin
from shipway.core.secrets import secret_values
from shipway.core.smoke import fault
from shipway.platforms.local.instances import (
    Instance,
    Instances,
    instance_from,
    must_succeed,
)
from shipway.platforms.local.proxy import Proxy

_VERDICTS = {
    Stage.SUCCEEDED: Verdict.PASSED,
    Stage.ROLLED_BACK: Verdict.ROLLED_BACK,
    Stage.NEEDS_PERSON: Verdict.NEEDS_PERSON,
}


class LocalPlatform:
    """One environment on this machine.

    Its state is written before and after every action, so that the next command finds what a
    killed one left: instances that nobody counts are stopped, dead ones are replaced.
    """

    def __init__(
        self, config: Config, name: str, state: str, processes: Processes, http: Http,
        clock: Clock, releases: Releases,
    ) -> None:  # fmt: skip
        if name not in config.environments:
            known = ", ".join(config.environments) or "none"
            raise ConfigError(
                f"no environment is named {name!r}", f"Configured: {known}. See shipway.toml."
            )
        self.name = name
        self.settings: Environment = config.environments[name]
        self.application = config.application
        self.folder = os.path.join(state, "environments", name)
        self.clock = clock
        self.http = http
        self.record = releases
        self.instances = Instances(
            config.application, self.settings, self.folder, processes, http, clock,
            secret_values(config, os.environ),
        )  # fmt: skip
        self.proxy = Proxy(
            os.path.join(self.folder, "envoy"), self.settings.host, self.settings.port,
            processes, http, clock,
        )  # fmt: skip
        self.running: list[Instance] = []
        self.current: dict[str, Any] | None = None
        self._load()

    @property
    def address(self) -> str:
        """What people open."""
        return f"http://{self.settings.host}:{self.settings.port}"

    def deploy(self, release: Release, say: OnOutput) -> Receipt:
        """Roll out a release; a release that runs and is healthy already is left as it is."""
        with self._lease():
            self.heal(say)
            if self.current and self.current["digest"] == release.digest and self._healthy():
                say(f"{release.name} runs already")
                now = self.clock.now()
                return Receipt(
                    self.name, release.name, release.name, Verdict.PASSED, now, 0.0, self.address
                )
            return self._roll(release, say)

    def rollback(self, name: str, say: OnOutput) -> Receipt:
        """Roll out an earlier release: the one named, or the last that was good before."""
        with self._lease():
            self.heal(say)
            return self._roll(self._earlier(name), say)

    def down(self) -> int:
        """Stop everything; the data stay. Returns how many processes were stopped."""
        with self._lease():
            found = [one for one in self.running if self.instances.alive(one)]
            count = len(found) + self.proxy.alive()
            self.proxy.stop()
            for instance in found:
                self.instances.stop(instance)
            self.running = []
            self.current = None
            self.proxy.serving = {}
            self._save()
            return count

    def status(self) -> dict[str, Any]:
        """What runs here."""
        return {
            "environment": self.name,
            "address": self.address,
            "release": self.current["name"] if self.current else "",
            "proxy": self.proxy.alive(),
            "instances": [
                {
                    "release": one.release, "address": one.address, "pid": one.pid,
                    "alive": self.instances.alive(one),
                    "health": self.instances.health(one) or "ok",
                }
                for one in self.running
            ],
        }  # fmt: skip

    def logs(self) -> Iterator[tuple[str, Sequence[str]]]:
        """The last lines of each instance's log."""
        for one in self.running:
            yield f"{one.release} at {one.address}", self.instances.tail(one)

    def heal(self, say: OnOutput) -> None:
        """Make what runs agree with what should: see the class."""
        digest = self.current["digest"] if self.current else ""
        for instance in list(self.running):
            if instance.digest != digest or not self.instances.alive(instance):
                say(f"an instance of {instance.release} is left over or dead: cleaned up")
                self._drop(instance)
        if not self.current:
            return
        release = _release(self.current)
        while len(self.running) < self.settings.instances:
            if not self._start(release):
                break
        if not self.proxy.alive():
            say("Envoy was not running: started")
            self._point_proxy()
            self.proxy.start()
        elif self.proxy.serving != self._addresses(self.running):
            self.proxy.serve(self._addresses(self.running))
        self._save()

    def _roll(self, release: Release, say: OnOutput) -> Receipt:
        started = self.clock.now()
        before = dict(self.current) if self.current else None
        self.record.add_release({**asdict(release), "name": release.name})
        number = self.record.add_rollout(
            self.name, {"release": release.name, "started": started, "verdict": "unfinished"}
        )
        walk = _Walk(self, release, _release(before) if before else None, say)
        verdict = walk.go()
        receipt = Receipt(
            self.name, release.name, before["name"] if before else "", verdict, started,
            self.clock.now() - started, self.address, walk.cause, walk.remedy, walk.log,
            self._counts(), tuple(walk.timeline),
        )  # fmt: skip
        self.record.update_rollout(number, {**receipt.to_dict(), "digest": release.digest})
        return receipt

    def _earlier(self, name: str) -> Release:
        now = self.current["digest"] if self.current else ""
        known = {one["digest"]: one for one in self.record.releases()}
        for rollout in self.record.rollouts(self.name):
            digest = rollout.get("digest")
            good = rollout.get("verdict") == Verdict.PASSED and digest in known
            if good and (rollout["release"] == name if name else digest != now):
                return _release(known[digest])
        raise ConfigError(
            f"no good release named {name!r} is on record here" if name
            else "there is no earlier good release to roll back to",
            f"See what was: shipway status {self.name} --history.",
        )  # fmt: skip

    def _start(self, release: Release) -> str | None:
        """Start an instance and wait for it: its address, or None when it is not healthy."""
        instance = self.instances.start(release)
        self.running.append(instance)
        self._save()
        return None if self.instances.await_health(instance) else instance.address

    def _drop(self, instance: Instance, *, served: bool = True) -> None:
        self.running.remove(instance)
        self._save()
        self.instances.stop(instance, served=served)

    def _healthy(self) -> bool:
        wanted = self.settings.instances
        return (
            len(self.running) == wanted
            and self.proxy.alive()
            and all(not self.instances.health(one) for one in self.running)
        )

    def _addresses(self, instances: Sequence[Instance]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for one in instances:
            found.setdefault(one.digest[:12], []).append(one.address)
        return found

    def _point_proxy(self) -> None:
        self.proxy.serving = self._addresses(self.running)

    def _counts(self) -> dict[str, dict[str, float]]:
        names = {one["digest"][:12]: one["name"] for one in self.record.releases()}
        return {names.get(key, key): value for key, value in self.proxy.counts().items()}

    @contextmanager
    def _lease(self) -> Iterator[None]:
        """One command at a time; the lock goes with the process that holds it."""
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(self.folder, "lease"), "a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                raise Busy(
                    f"another command works on {self.name} (process {file.read().strip()})",
                    "Wait for it, or end it, and try again.",
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            self._load()
            yield

    def _load(self) -> None:
        state = self.record.state(self.name) or {}
        self.running = [instance_from(one) for one in state.get("instances", [])]
        self.current = state.get("current")
        for name, value in state.get("proxy", {}).items():
            setattr(self.proxy, name, value)

    def _save(self) -> None:
        self.record.put_state(
            self.name,
            {
                "instances": [one.to_dict() for one in self.running],
                "current": self.current,
                "proxy": self.proxy.to_dict(),
            },
        )


class _Walk:
    """Carries out one rollout: asks the state machine, does what it says."""

    def __init__(
        self, platform: LocalPlatform, release: Release, before: Release | None, say: OnOutput
    ) -> None:
        self._platform = platform
        self._release = release
        self._before = before
        self._say = say
        self._joined = list(platform.running)
        self.cause = ""
        self.remedy = ""
        self.log: tuple[str, ...] = ()
        self.timeline: list[dict[str, Any]] = []

    def go(self) -> Verdict:
        """From the first action to the last; the verdict."""
        platform = self._platform
        if not self._prepare():
            return Verdict.ROLLED_BACK
        state = begin(platform.settings.instances, len(self._joined))
        observation = Observation.BEGIN
        while True:
            state, action = advance(state, observation)
            if state.stage.final:
                return self._end(state)
            self._note(state.stage, action)
            try:
                observation = self._do(action)
            except ShipwayError as problem:
                self._blame(problem.message, problem.remedy, ())
                observation = Observation.FAILED

    def _prepare(self) -> bool:
        """Migrations, and on the first deploy the seed: before anything moves."""
        application, instances = self._platform.application, self._platform.instances
        first = not self._platform.record.rollouts(self._platform.name)[1:]
        steps = [("the migration", application.migrate)]
        if first:
            steps.append(("the seed", application.seed))
        try:
            for what, words in steps:
                if words:
                    self._say(f"{what}: {words}")
                    must_succeed(instances.once(self._release, words), what)
        except CannotRun as problem:
            self._blame(problem.message, problem.remedy, ())
            return False
        return True

    def _end(self, state: Rollout) -> Verdict:
        platform = self._platform
        self._note(state.stage, Action.NOTHING)
        failed_first = state.stage is Stage.ROLLED_BACK and not state.replaced
        left = [] if failed_first else self._joined
        for instance in [one for one in platform.running if one not in left]:
            platform._drop(instance)
        if state.stage is Stage.SUCCEEDED:
            platform.current = {**asdict(self._release), "name": self._release.name}
        elif failed_first:
            platform.proxy.stop()
            platform.proxy.serving = {}
        platform._save()
        return _VERDICTS[state.stage]

    def _do(self, action: Action) -> Observation:
        if action is Action.START_NEW:
            return self._start(self._release)
        if action is Action.START_OLD and self._before:
            return self._start(self._before)
        if action in (Action.JOIN_NEW, Action.JOIN_OLD):
            self._joined.append(self._platform.running[-1])
            return self._point()
        if action is Action.SMOKE:
            return self._smoke()
        digest = self._release.digest
        new = action is Action.RETIRE_NEW
        leaving = next((one for one in self._joined if (one.digest == digest) is new), None)
        if leaving is not None:
            self._joined.remove(leaving)
            self._point()
            self._platform._drop(leaving)
        return Observation.DONE

    def _start(self, release: Release) -> Observation:
        platform = self._platform
        instance = platform.instances.start(release)
        platform.running.append(instance)
        platform._save()
        why = platform.instances.await_health(instance)
        if not why:
            return Observation.DONE
        self._blame(why, f"Read its log: {instance.log}", platform.instances.tail(instance))
        platform._drop(instance, served=False)
        return Observation.FAILED

    def _point(self) -> Observation:
        """Let Envoy know who serves now."""
        platform = self._platform
        serving = platform._addresses(self._joined)
        if platform.proxy.alive():
            platform.proxy.serve(serving)
        else:
            platform.proxy.serving = serving
            platform.proxy.start()
        platform._save()
        return Observation.DONE

    def _smoke(self) -> Observation:
        platform = self._platform
        for smoke in platform.settings.smoke:
            try:
                answer = platform.http.get(platform.address + smoke.path, timeout=10.0)
                wrong = fault(smoke, answer)
            except Unreachable as problem:
                wrong = problem.message
            self._say(f"smoke {smoke.path}: {wrong or 'as it should be'}")
            if wrong:
                self._blame(f"a smoke test failed: {wrong}", "Correct the release.", ())
                return Observation.FAILED
        return Observation.DONE

    def _blame(self, cause: str, remedy: str, log: tuple[str, ...]) -> None:
        """The first cause counts; what follows from it does not."""
        if not self.cause:
            self.cause, self.remedy, self.log = cause, remedy, log
        self._say(cause)

    def _note(self, stage: Stage, action: Action) -> None:
        text = "" if action is Action.NOTHING else str(action)
        self.timeline.append({"at": self._platform.clock.now(), "stage": str(stage), "text": text})
        self._say(f"{stage} {text}".strip())


def _release(data: dict[str, Any]) -> Release:
    fields = {name: value for name, value in data.items() if name != "name"}
    return Release(**{**fields, "migrations": tuple(fields["migrations"])})
