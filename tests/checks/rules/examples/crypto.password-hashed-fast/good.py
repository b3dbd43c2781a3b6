import hashlib

from werkzeug.security import generate_password_hash


def keep(password, user, content, salt):
    user.digest = generate_password_hash(password)
    user.other = generate_password_hash(password, method="scrypt")
    user.third = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 600_000)
    user.etag = hashlib.sha256(content).hexdigest()
    user.breached = hashlib.sha256(user.password_policy.encode()).hexdigest()
