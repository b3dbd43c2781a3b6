import hashlib
import hmac

import jwt
from itsdangerous import URLSafeSerializer


def sign(claims, data):
    # ruleid: shipway.crypto.key-in-code
    one = jwt.encode(claims, "do not tell", algorithm="HS256")
    # ruleid: shipway.crypto.key-in-code
    two = hmac.new(b"do not tell", data, hashlib.sha256).hexdigest()
    # ruleid: shipway.crypto.key-in-code
    three = URLSafeSerializer("do not tell").dumps(claims)
    return one, two, three
