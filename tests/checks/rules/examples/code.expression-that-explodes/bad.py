import re

# ruleid: shipway.code.expression-that-explodes
NAME = re.compile(r"^(\w+\s?)+$")


def plausible(text):
    # ruleid: shipway.code.expression-that-explodes
    return re.match(r"(?:\s?[a-z]+)*;", text)
