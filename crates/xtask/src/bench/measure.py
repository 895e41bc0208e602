"""Runs a command and prints one line: exit code, wall seconds, CPU seconds, peak MiB. Its output goes to a file."""
import os, resource, subprocess, sys, time

log, command = sys.argv[1], sys.argv[2:]
began = time.monotonic()
with open(log, "wb") as out:
    code = subprocess.call(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
wall = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, round(wall, 3), round(used.ru_utime + used.ru_stime, 3), used.ru_maxrss // 1024)
