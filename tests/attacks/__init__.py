"""What somebody does who means harm, or is careless, and what holds.

Each test is an act, named by what was done and what held. The acts of one kind are one module:

- test_committed_state.py: a pull request commits `.shipway`, or a link in its place
- test_planted_paths.py: state names a path, a process or a program that is not Shipway's
- test_copied_state.py: a project is copied, moved or unpacked with its state
- test_forged_outcomes.py: code under test writes outcomes, file digests or a job's record
- test_code_under_test.py: a step's program writes state, reads the key, stays alive, takes too much
- test_forged_tests.py: a test suite says of itself that it passed
- test_names.py: names and patterns that are paths, options, control characters or nothing
- test_bounded_reads.py: files without an end, pipes, huge files, deep nesting, huge numbers

The real command is run wherever one is at risk. Nothing outside the test's own folder is touched.
"""
