import hashlib
import hmac
import os

import jwt
from itsdangerous import URLSafeSerializer

KEY = os.environ["KEY"]


def sign(claims, data):
    one = jwt.encode(claims, KEY, algorithm="HS256")
    two = hmac.new(KEY.encode(), data, hashlib.sha256).hexdigest()
    three = URLSafeSerializer(KEY, salt="session").dumps(claims)
    return one, two, three
