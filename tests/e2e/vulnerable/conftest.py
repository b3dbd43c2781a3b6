"""The planted application is data: its own tests are not collected here."""

collect_ignore = ["app"]
