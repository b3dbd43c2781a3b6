"""Parts of bench/judge.py."""
