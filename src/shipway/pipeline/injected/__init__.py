"""Modules that run inside another environment, which has nothing of Shipway: the application's own,
or that of a package with a server in it."""

import os

HERE = os.path.dirname(__file__)
SERVICE = os.path.join(HERE, "shipway_service.py")
ROUTES = os.path.join(HERE, "shipway_routes.py")
