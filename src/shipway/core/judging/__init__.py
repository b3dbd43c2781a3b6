"""The parts of the judge (core/judge.py): each a statistical idea of its own, all pure."""
