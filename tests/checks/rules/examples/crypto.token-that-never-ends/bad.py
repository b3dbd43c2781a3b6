import jwt


def token(person, key):
    # ruleid: shipway.crypto.token-that-never-ends
    return jwt.encode({"sub": person.number}, key, algorithm="HS256")


def claims(text, key):
    # ruleid: shipway.crypto.token-that-never-ends
    return jwt.decode(text, key, algorithms=["HS256"], options={"verify_exp": False})
