"""The stacks: what they are given, what a change of them means, and what must not happen."""
