"""Shipway takes a Python web application from a commit to a proven release."""

__version__ = "0.1.0"
