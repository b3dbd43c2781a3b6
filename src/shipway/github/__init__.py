"""GitHub's workflows, written from the configuration. The templates hold what GitHub has to know;
what is done is done by commands, so that it fails the same on a laptop."""
