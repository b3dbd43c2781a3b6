import os
import stat
from pathlib import Path


def keep(path, mode):
    os.chmod(path, 0o600)
    os.chmod(path, 0o755)
    os.chmod(path, mode)
    Path(path).chmod(stat.S_IRUSR | stat.S_IWUSR)
    os.umask(0o077)
