def may_open(given, expected_token):
    # ruleid: shipway.crypto.secret-compared-by-name
    return given == expected_token


class Session:
    def fits(self, token):
        # ruleid: shipway.crypto.secret-compared-by-name
        if token != self.csrf_token:
            return False
        # ruleid: shipway.crypto.secret-compared-by-name
        return self.api_key == token
