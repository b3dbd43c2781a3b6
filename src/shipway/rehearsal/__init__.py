"""Rehearsals: a rollout in a scratch environment under load, with injected faults."""
