import re

NAME = re.compile(r"^\w+(\s\w+)*$")
SIGN = re.compile(r"[A-Z0-9]{4,7}")


def plausible(text):
    return re.fullmatch(r"\d+(,\d+)*", text) or re.match(r"(?:ab)+c", text)
