import jwt


def claims(token, key):
    # ruleid: shipway.crypto.token-not-verified
    one = jwt.decode(token, options={"verify_signature": False})
    # ruleid: shipway.crypto.token-not-verified
    two = jwt.decode(token, key, algorithms=["HS256", "none"])
    return one, two


def forged(claims):
    # ruleid: shipway.crypto.token-not-verified
    return jwt.encode({"sub": claims, "exp": 1}, key="", algorithm="none")
