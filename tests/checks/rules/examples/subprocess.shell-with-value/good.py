import os
import shlex
import subprocess

LIST = "ls -l | wc -l"


def backup(name):
    subprocess.run(["pg_dump", name], check=True)
    subprocess.run("ls -l | wc -l", shell=True, check=True)
    subprocess.run(LIST, shell=True, check=True)
    os.system("clear")
    subprocess.run(f"gzip {shlex.quote(name)}", shell=True, check=True)
    subprocess.run(shlex.join(["gzip", name]), shell=True, check=True)
