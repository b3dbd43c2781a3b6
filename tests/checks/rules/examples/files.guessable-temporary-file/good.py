import tempfile


def write(text):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
    with open("/srv/names.csv", "w", encoding="utf-8") as file:
        file.write(text)
    with open("/tmp/names.csv", "r", encoding="utf-8") as file:
        return file.read()
