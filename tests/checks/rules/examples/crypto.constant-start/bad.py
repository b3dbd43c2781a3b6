from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ZERO = b"0000000000000000"


def encrypt(key, text):
    # ruleid: shipway.crypto.constant-start
    one = Cipher(algorithms.AES(key), modes.CBC(b"0123456789abcdef")).encryptor()
    # ruleid: shipway.crypto.constant-start
    two = Cipher(algorithms.AES(key), modes.CTR(b"\0" * 16)).encryptor()
    # ruleid: shipway.crypto.constant-start
    three = AESGCM(key).encrypt(b"012345678901", text, None)
    return one, two, three
