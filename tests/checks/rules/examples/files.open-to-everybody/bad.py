import os
import stat
from pathlib import Path


def share(path):
    # ruleid: shipway.files.open-to-everybody
    os.chmod(path, 0o777)
    # ruleid: shipway.files.open-to-everybody
    Path(path).chmod(0o666)
    # ruleid: shipway.files.open-to-everybody
    os.chmod(path, stat.S_IRUSR | stat.S_IWOTH)
    # ruleid: shipway.files.open-to-everybody
    os.umask(0)
