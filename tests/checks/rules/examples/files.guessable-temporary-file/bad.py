import os
import tempfile


def write(name, text):
    # ruleid: shipway.files.guessable-temporary-file
    path = tempfile.mktemp()
    # ruleid: shipway.files.guessable-temporary-file
    with open("/tmp/names.csv", "w", encoding="utf-8") as file:
        file.write(text)
    # ruleid: shipway.files.guessable-temporary-file
    with open(os.path.join("/tmp", name), "wb") as file:
        file.write(path)
    # ruleid: shipway.files.guessable-temporary-file
    with open(f"/tmp/{name}.csv", "w") as file:
        file.write(text)
