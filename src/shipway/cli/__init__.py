"""The command line. One file a command: its options, one call, its exit code."""
