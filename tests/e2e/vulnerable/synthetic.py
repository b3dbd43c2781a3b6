"""Secrets that nobody owns: made at run time from a fixed seed, in the shape of real ones.

None of them stands in this repository, and none opens anything. Where a format has a length, an
alphabet or a checksum, the value has it too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string
import zlib
from functools import cache
from random import Random

SEED = "shipway: planted faults"
ALNUM = string.digits + string.ascii_uppercase + string.ascii_lowercase
BASE32 = string.ascii_uppercase + "234567"
HEX = "0123456789abcdef"
RSA_BITS = 2048
EXPONENT = 65537
SMALL_PRIMES = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


def values() -> dict[str, str]:
    """Every placeholder of the application, and what is planted for it."""
    return {name: make(Random(f"{SEED}: {name}")) for name, make in _MAKERS.items()}


def base62(number: int, width: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = ALNUM[rest] + digits
    return digits.rjust(width, "0")


def github_checksum(random_part: str) -> str:
    """The last six characters of a GitHub token: the CRC-32 of those before, in base 62."""
    return base62(zlib.crc32(random_part.encode()), 6)


def url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _word(random: Random, alphabet: str, length: int) -> str:
    return "".join(random.choice(alphabet) for _ in range(length))


def _password(random: Random) -> str:
    return _word(random, ALNUM, 22)


def _github(random: Random) -> str:
    body = _word(random, ALNUM, 30)
    return "ghp_" + body + github_checksum(body)


def _slack_bot(random: Random) -> str:
    numbers = [_word(random, "123456789", 12), _word(random, "123456789", 13)]
    return "-".join(["xoxb", *numbers, _word(random, ALNUM, 24)])


def _slack_webhook(random: Random) -> str:
    upper = string.ascii_uppercase + string.digits
    team, hook = "T0" + _word(random, upper, 9), "B0" + _word(random, upper, 9)
    return f"https://hooks.slack.com/services/{team}/{hook}/{_word(random, ALNUM, 24)}"


def _jwt(random: Random) -> str:
    header = url64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    claims = {"sub": "probe", "iat": 1_700_000_000, "jti": _word(random, HEX, 32)}
    signed = f"{header}.{url64(json.dumps(claims).encode())}"
    return f"{signed}.{url64(hmac.digest(random.randbytes(32), signed.encode(), hashlib.sha256))}"


def _pypi(random: Random) -> str:
    """A macaroon of version 2: its location, an identifier, one caveat, a signature."""
    identifier = "-".join(_word(random, HEX, size) for size in (8, 4, 4, 4, 12)).encode()
    caveat = json.dumps([3, _word(random, HEX, 32)]).encode()
    parts = [b"\x02", _packet(1, b"pypi.org"), _packet(2, identifier), b"\x00"]
    parts += [_packet(2, caveat), b"\x00\x00", _packet(6, random.randbytes(32))]
    return "pypi-" + url64(b"".join(parts))


def _packet(kind: int, data: bytes) -> bytes:
    return bytes([kind, len(data)]) + data


def _sendgrid(random: Random) -> str:
    return f"SG.{url64(random.randbytes(16))}.{url64(random.randbytes(32))}"


@cache
def rsa_numbers() -> tuple[int, int]:
    """Two primes, the same at every call and on every machine."""
    random = Random(f"{SEED}: RSA")
    return _prime(random, RSA_BITS // 2), _prime(random, RSA_BITS // 2)


def _prime(random: Random, bits: int) -> int:
    while True:
        number = random.getrandbits(bits) | 3 << (bits - 2) | 1
        if all(number % small for small in SMALL_PRIMES) and _is_probably_prime(number, random):
            return number


def _is_probably_prime(number: int, random: Random) -> bool:
    if pow(2, number - 1, number) != 1:
        return False
    odd = number - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    for _ in range(4):
        power = pow(random.randrange(2, number - 1), odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _integers(numbers: list[int]) -> bytes:
    wide = (_der(2, n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in numbers)
    return _der(0x30, b"".join(wide))


def _pem(name: str, der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {name}-----", *lines, f"-----END {name}-----"])


def _private_key(_: Random) -> str:
    p, q = rsa_numbers()
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    numbers = [0, p * q, EXPONENT, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)]
    return _pem("RSA PRIVATE KEY", _integers(numbers))


def _public_key(_: Random) -> str:
    p, q = rsa_numbers()
    algorithm = _der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    bits = _der(3, b"\x00" + _integers([p * q, EXPONENT]))
    return _pem("PUBLIC KEY", _der(0x30, algorithm + bits))


_MAKERS = {
    "AWS_ACCESS_KEY_ID": lambda random: "AKIA" + _word(random, BASE32, 16),
    "AWS_SECRET_ACCESS_KEY": lambda random: _word(random, ALNUM + "+/", 40),
    "DATABASE_PASSWORD": _password,
    "FLASK_SECRET_KEY": lambda random: _word(random, HEX, 48),
    "GITHUB_TOKEN": _github,
    "GOOGLE_API_KEY": lambda random: "AIza" + _word(random, ALNUM + "_-", 35),
    "IMAGE_DIGEST": lambda random: _word(random, HEX, 64),
    "JWT": _jwt,
    "PAYMENT_PASSWORD": _password,
    "PYPI_TOKEN": _pypi,
    "RDS_PASSWORD": _password,
    "RSA_PRIVATE_KEY": _private_key,
    "RSA_PUBLIC_KEY": _public_key,
    "SENDGRID_KEY": _sendgrid,
    "SLACK_BOT_TOKEN": _slack_bot,
    "SLACK_WEBHOOK": _slack_webhook,
    "STRIPE_LIVE_KEY": lambda random: "sk_live_" + _word(random, ALNUM, 24),
}
