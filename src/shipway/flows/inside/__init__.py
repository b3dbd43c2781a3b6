"""A module that runs inside the application's own environment, which has nothing of Shipway."""

import os

HERE = os.path.dirname(__file__)
