"""Small programs that run inside the application's own environment.

They import nothing of Shipway, which that environment does not have, and must run on any Python
that an application may use. They are in a folder of their own because Python looks in a
program's folder first, and the one above holds a pytest.py and a coverage.py.
"""

import os

HERE = os.path.dirname(__file__)
