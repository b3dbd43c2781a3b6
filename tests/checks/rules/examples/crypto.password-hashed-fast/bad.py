import hashlib

from werkzeug.security import generate_password_hash


def keep(password, user, form, salt):
    # ruleid: shipway.crypto.password-hashed-fast
    user.digest = hashlib.sha256(password.encode()).hexdigest()
    # ruleid: shipway.crypto.password-hashed-fast
    user.other = hashlib.sha512((salt + form["password"]).encode()).hexdigest()
    # ruleid: shipway.crypto.password-hashed-fast
    user.third = generate_password_hash(password, method="pbkdf2:sha1")
    # ruleid: shipway.crypto.password-hashed-fast
    user.fourth = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1000)
