"""Small programs that run inside another environment: the application's own, or a tool's.

They import nothing of Shipway, which that environment does not have, and must run on any Python
that an application may use; only match_advisories.py is run by Shipway's own Python. They are in
a folder of their own because Python looks in a program's folder first, and the one above holds a
pytest.py and a coverage.py.
"""

import os

HERE = os.path.dirname(__file__)
