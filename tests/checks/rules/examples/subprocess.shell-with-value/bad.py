import os
import subprocess


def backup(name):
    # ruleid: shipway.subprocess.shell-with-value
    os.system(f"pg_dump {name} > backup.sql")
    # ruleid: shipway.subprocess.shell-with-value
    subprocess.run("gzip " + name, shell=True, check=True)
    # ruleid: shipway.subprocess.shell-with-value
    return subprocess.getoutput("du -s %s" % name)


def run(command):
    # ruleid: shipway.subprocess.shell-with-value
    return subprocess.Popen(command, stdout=subprocess.PIPE, shell=True)
