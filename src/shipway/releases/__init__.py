"""Releases: what is packaged, from which lock, and whether its migrations allow going back."""
