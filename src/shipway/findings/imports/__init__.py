"""Reports of scanners that run elsewhere, a file a format."""
