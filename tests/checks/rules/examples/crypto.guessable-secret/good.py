import random
import secrets


def invite(person):
    person.reset_token = secrets.token_urlsafe()
    password = "".join(secrets.choice("abcdef") for _ in range(20))
    token = random.SystemRandom().choice("abc")
    colour = random.choice(["red", "green"])
    return password, colour, token


def delay():
    return random.uniform(0, 1)
