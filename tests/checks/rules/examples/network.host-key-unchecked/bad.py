import paramiko
from paramiko.client import WarningPolicy

client = paramiko.SSHClient()
# ruleid: shipway.network.host-key-unchecked
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
# ruleid: shipway.network.host-key-unchecked
client.set_missing_host_key_policy(paramiko.WarningPolicy)
