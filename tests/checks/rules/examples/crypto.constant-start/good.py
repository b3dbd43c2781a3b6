import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def encrypt(key, text):
    start = os.urandom(16)
    one = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    two = AESGCM(key).encrypt(os.urandom(12), text, None)
    return one, two
