import ssl

# ruleid: shipway.network.old-encryption
context = ssl.SSLContext(ssl.PROTOCOL_TLSv1)
# ruleid: shipway.network.old-encryption
context.minimum_version = ssl.TLSVersion.TLSv1_1
