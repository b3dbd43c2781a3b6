"""Sealed papers: ciphers and keys."""

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal(key, block):
    sealer = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return sealer.update(block) + sealer.finalize()


def seal_well(key, nonce, text):
    return AESGCM(key).encrypt(nonce, text, None)


def harbour_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)


def gate_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)
