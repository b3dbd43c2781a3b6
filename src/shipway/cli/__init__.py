"""The command line: parse, wire, call a flow, show the result."""
