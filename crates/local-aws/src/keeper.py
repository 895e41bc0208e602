"""Ends what a local AWS started when its owner ends: by choice, by Ctrl-C, by a crash, by kill -9.

    keeper.py ROOT RUN            waits until its standard input closes, then ends RUN, and the engine if nobody else uses it
    keeper.py ROOT RUN --sweep    ends RUN now; for a run whose owner and keeper are both gone (the machine was switched off)
    keeper.py ROOT --engine       ends the engine now; for one that does not answer

It is a process of its own because nothing that runs inside the owner runs after kill -9, and because a test binary ends without
running destructors of statics. It trusts nothing but the state files, and a process only when its start time is the noted one.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path


def read(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def lives(process):
    """Whether that very process lives: its number may have been given to another, and a zombie is dead."""
    if not process:
        return False
    try:
        fields = Path(f"/proc/{process['pid']}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return False
    return fields[0] != "Z" and int(fields[19]) == process["start"]


def me():
    fields = Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
    return {"pid": os.getpid(), "start": int(fields[19])}


def end(process, patience, meanwhile=lambda: None):
    """SIGTERM, patience, SIGKILL; the process leads a group of its own, whose rest goes with it."""
    if not lives(process):
        return
    os.kill(process["pid"], signal.SIGTERM)
    deadline = time.monotonic() + patience
    while lives(process) and time.monotonic() < deadline:
        meanwhile()
        time.sleep(0.05)
    try:
        os.killpg(process["pid"], signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    while lives(process):
        time.sleep(0.02)


class Docker:
    def __init__(self, host):
        self.host = host

    def __call__(self, *arguments):
        if not self.host:
            return []
        done = subprocess.run(
            ["docker", "--host", self.host, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )
        return done.stdout.split() if done.returncode == 0 else []

    def containers_of(self, port):
        """MiniStack labels each of its containers with the address that it serves on."""
        listed = self("ps", "-aq", "--no-trunc", "--filter", "label=ministack.instance")
        if not listed:
            return []
        lines = self("inspect", "--format", '{{.Id}},{{index .Config.Labels "ministack.instance"}}', *listed)
        return [line.split(",")[0] for line in lines if line.endswith(f":{port}")]

    def remove(self, containers):
        if containers:
            self("rm", "--force", "--volumes", *containers)


def end_run(run):
    state = read(run / "state.json")
    docker = Docker(state.get("docker"))
    port = state.get("port")
    containers = docker.containers_of(port) if port else []
    volumes = docker("inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}", *containers) if containers else []
    # MiniStack stops its containers one by one and gently; what they hold is thrown away, so they need not be asked.
    end(state.get("ministack"), 10, lambda: docker.remove(docker.containers_of(port)))
    if port:
        docker.remove(docker.containers_of(port))
    if state.get("anchor"):
        docker.remove([state["anchor"]])
    if state.get("network"):
        docker("network", "rm", state["network"])
    for volume in set(volumes):
        docker("volume", "rm", "--force", volume)
    shutil.rmtree(run, ignore_errors=True)


def end_engine(root):
    state = read(root / "engine/state.json")
    if not state:
        return
    if lives(state.get("dockerd")):
        docker = Docker(state["host"])
        docker.remove(docker("ps", "-aq"))
        docker("network", "prune", "--force")
        docker("volume", "prune", "--force")
        end(state["dockerd"], 20)
    # dockerd ends its containerd; a dockerd that was killed did not.
    execution = str(root / "engine/exec")
    try:
        pid = int(Path(execution, "containerd/containerd.pid").read_text())
        if execution in Path(f"/proc/{pid}/cmdline").read_text():
            os.kill(pid, signal.SIGKILL)
    except (OSError, ValueError):
        pass
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(str(root / "engine") + "/")), reverse=True):
        subprocess.run(["umount", mount], stderr=subprocess.DEVNULL)
    subprocess.run(["ip", "link", "delete", state["bridge"]], stderr=subprocess.DEVNULL)
    ours = state["bridge"] + "+"
    rule = ["iptables", "-w", "-D", "FORWARD", "-i", ours, "-o", ours, "-j", "ACCEPT"]
    # Once for each start that found no time to take it back.
    while shutil.which("iptables") and subprocess.run(rule, stderr=subprocess.DEVNULL).returncode == 0:
        pass
    shutil.rmtree(execution, ignore_errors=True)
    for name in ("state.json", "docker.sock", "dockerd.pid"):
        (root / "engine" / name).unlink(missing_ok=True)


def main():
    root = Path(sys.argv[1])
    if sys.argv[2:] == ["--engine"]:
        end_engine(root)
        return
    run = Path(sys.argv[2])
    if sys.argv[3:] == ["--sweep"]:
        end_run(run)
        return
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    (root / "engine").mkdir(mode=0o700, exist_ok=True)
    users = open(root / "engine/users.lock", "a")
    fcntl.flock(users, fcntl.LOCK_SH)
    (run / "keeper.json").write_text(json.dumps(me()))
    print("ready", flush=True)
    sys.stdin.read()
    try:
        end_run(run)
    finally:
        with open(root / "setup.lock", "a") as setup:
            fcntl.flock(setup, fcntl.LOCK_EX)
            try:
                fcntl.flock(users, fcntl.LOCK_UN)
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            end_engine(root)


main()
