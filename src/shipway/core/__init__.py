"""The pure part: it decides, and touches nothing outside."""
