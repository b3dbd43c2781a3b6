"""This machine as a platform: real processes behind a real Envoy."""
