import hashlib
import hmac


def digest(data, key):
    # ruleid: shipway.crypto.weak-hash
    one = hashlib.md5(data).hexdigest()
    # ruleid: shipway.crypto.weak-hash
    two = hashlib.new("sha1", data).hexdigest()
    # ruleid: shipway.crypto.weak-hash
    three = hmac.new(key, data, hashlib.sha1).hexdigest()
    return one, two, three
