import jwt


def token(person, key, end, payload):
    one = jwt.encode({"sub": person.number, "exp": end}, key, algorithm="HS256")
    return one, jwt.encode(payload, key, algorithm="HS256")


def claims(text, key):
    return jwt.decode(text, key, algorithms=["HS256"])
