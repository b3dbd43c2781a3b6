"""Which packages have known faults, by advisories in OSV format (ossf.github.io/osv-schema).

Used by Shipway's own program `inside/match_advisories.py`; nothing here asks a network.
"""
