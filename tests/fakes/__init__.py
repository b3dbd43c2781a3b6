"""Fakes of services that tests need and that are not part of Shipway."""
