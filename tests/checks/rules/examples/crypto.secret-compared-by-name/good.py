import hmac


def may_open(given, expected_token):
    if expected_token == "" or expected_token is None:
        return False
    return hmac.compare_digest(given, expected_token)


def next_word(token, wanted, users):
    if token == wanted or token.kind == wanted:
        return users.filter(User.api_key == wanted)
    return token.type != wanted
