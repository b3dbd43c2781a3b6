from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def encrypt(key, iv, text):
    one = Cipher(algorithms.AES(key), modes.GCM(iv)).encryptor()
    return one, Fernet(key).encrypt(text)
