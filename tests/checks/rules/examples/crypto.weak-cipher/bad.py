from Crypto.Cipher import DES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def encrypt(key, iv, text):
    # ruleid: shipway.crypto.weak-cipher
    one = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    # ruleid: shipway.crypto.weak-cipher
    two = Cipher(algorithms.Blowfish(key), modes.CBC(iv)).encryptor()
    # ruleid: shipway.crypto.weak-cipher
    three = DES.new(key, DES.MODE_CBC, iv)
    return one, two, three, text
