"""Constant-rate load on a server of this machine, from a process of its own."""
