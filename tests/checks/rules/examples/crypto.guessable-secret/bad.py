import random
import string


def invite(person):
    # ruleid: shipway.crypto.guessable-secret
    person.reset_token = "".join(random.choice(string.ascii_letters) for _ in range(20))
    # ruleid: shipway.crypto.guessable-secret
    password = str(random.randint(100000, 999999))
    return password


def make_otp():
    # ruleid: shipway.crypto.guessable-secret
    return random.randrange(1000000)
