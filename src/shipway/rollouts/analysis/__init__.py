"""The parts of the judge (rollouts/analysis/judge.py): each a statistical idea of its own, all
pure."""
