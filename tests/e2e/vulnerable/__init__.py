"""A corpus of planted faults, by which detection is measured."""
