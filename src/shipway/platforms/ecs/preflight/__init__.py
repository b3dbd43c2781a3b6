"""What can be seen beforehand of a rollout that would fail: nothing is touched."""

from __future__ import annotations

from dataclasses import replace

from shipway.platforms.ecs.preflight.alarms import alarms
from shipway.platforms.ecs.preflight.images import images
from shipway.platforms.ecs.preflight.keep_alive import keep_alive
from shipway.platforms.ecs.preflight.load_balancer import load_balancer
from shipway.platforms.ecs.preflight.network import network
from shipway.platforms.ecs.preflight.problem import Kind, Problem
from shipway.platforms.ecs.preflight.roles import roles
from shipway.platforms.ecs.preflight.secrets import secrets
from shipway.platforms.ecs.preflight.service import find, service
from shipway.platforms.ecs.preflight.subject import Subject

__all__ = ["Kind", "Problem", "Subject", "preflight"]

_TOPICS = (service, images, secrets, roles, network, load_balancer, alarms, keep_alive)


def preflight(subject: Subject) -> tuple[Problem, ...]:
    """Every problem, by topic. The subject's service is looked up here.

    Nothing that AWS or the network answers is raised: what could not be looked at is a problem.
    """
    there, found = find(subject)
    subject = replace(subject, service=there)
    for topic in _TOPICS:
        found += topic(subject)
    return tuple(found)
