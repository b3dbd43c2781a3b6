import jwt


def claims(token, key):
    return jwt.decode(token, key, algorithms=["HS256"])


def header(token):
    return jwt.get_unverified_header(token)
