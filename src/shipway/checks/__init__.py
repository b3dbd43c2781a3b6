"""The checks: one file a tool, with its command line and its parser. `registry.py` lists them."""
