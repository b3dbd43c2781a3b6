import hashlib
import hmac


def digest(data, key):
    one = hashlib.sha256(data).hexdigest()
    two = hashlib.new("sha512", data).hexdigest()
    three = hmac.new(key, data, hashlib.sha256).hexdigest()
    four = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return one, two, three, four
