"""A server and a hub from the invitation to the stop, and the drill of docs/operations.md: backup, restore, start."""
import os
import re
import shlex
import signal
import socket
import sys

from machines import SOURCE, SPIRALD, Daemon, Machine, carry, eventually, found, install, join, need, script, spirald


def command_line(unit, **replaced):
    """The words of ExecStart=, with other places."""
    with open(os.path.join(SOURCE, unit)) as file:
        line = re.search(r"^ExecStart=(.*)$", file.read(), re.M).group(1)
    words = shlex.split(line)
    need(words[0] == "/usr/bin/spirald", "ExecStart= runs", words[0])
    return [replaced.get(word, word) for word in words[1:]]


def serves(room, server):
    with Daemon(server, server.replica) as daemon:
        eventually("systemd is told", lambda: daemon.told() == ["READY=1"])
        need(daemon.page("/healthz") == "good\n", "not healthy")
        metrics = daemon.page("/metrics")
        for name in ("spirald_build_info", "spirald_healthy", "spirald_disk_free_bytes", "process_resident_memory_bytes",
                     "process_open_fds", "process_start_time_seconds"):
            need(f"\n{name}" in "\n" + metrics, "no metric", name)
        # Reading goes on beside it; writing and a second server are told who has the folder.
        need(server.status()["server"]["keeper"] is False, "the server keeps nothing yet")
        error = spirald(server, "--data", server.replica, "--web", "none", status=4)
        need("store.in-use" in error, "a second server says", error)
        # Settings are read again; wrong ones change nothing.
        settings = os.path.join(server.replica, "spirald.json")
        for text, event in (('{"limits": {"connections_max": 50}}', "reloaded"), ('{"limits": {"connections_max": -1}}', "reload-refused")):
            with open(settings, "w") as file:
                file.write(text)
            daemon.sends(signal.SIGHUP)
            daemon.awaits(event)
        need("spirald_reloads_total 1\n" in daemon.page("/metrics"), "reloads are not counted")
        # The limit of connections held at once: of two who say nothing one is thrown out.
        host, port = daemon.listen.rsplit(":", 1)
        with open(settings, "w") as file:
            file.write('{"limits": {"connections_max": 1}}')
        daemon.sends(signal.SIGHUP)
        daemon.awaits("reloaded")
        with socket.create_connection((host, int(port)), timeout=20), socket.create_connection((host, int(port)), timeout=20) as second:
            need(second.recv(1) == b"", "a smaller limit of connections waits for a restart")
        os.remove(settings)
        daemon.stop()
        need(daemon.told() == ["RELOADING=1", "READY=1"] * 3 + ["STOPPING=1"], "systemd was told otherwise")
        text = str(daemon.log)
        for secret in ("王芳", "学院", "correct horse"):
            need(secret not in text, "the log names", secret)
    with Daemon(server, server.replica) as daemon:
        daemon.stop(signal.SIGINT)


def as_the_unit_starts_it(room, server):
    credentials = os.path.join(server.folder, "credentials")
    os.makedirs(credentials)
    with open(os.path.join(credentials, "passphrase"), "w") as file:
        file.write("correct horse battery staple\n")
    words = command_line("packaging/spirald.service", **{"/var/lib/spirald": server.replica})
    environment = dict(server.environment)
    del server.environment["SPIRAL_PASSPHRASE_FILE"]
    with Daemon(server, None, *words, "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0", CREDENTIALS_DIRECTORY=credentials) as daemon:
        need(daemon.page("/healthz") == "good\n", "not healthy as the unit starts it")
        daemon.stop()
    server.environment = environment


def drill(room, founder, server):
    """As docs/operations.md tells it: a backup of the server at work, restored elsewhere, started there."""
    backup = room.stick("server.backup")
    with Daemon(server, server.replica) as daemon:
        server.json("--replica", server.replica, "backup", backup)
        daemon.stop()
    before = server.dump()
    other = Machine(room, "other-server")
    other.json("restore", backup, other.replica)
    need(other.json("check", "--deep")["good"], "what was restored is not whole")
    need(other.dump() == before, "what was restored is not what was backed up")
    with Daemon(other, other.replica) as daemon:
        need(any(line["event"] == "restored" and line["level"] == "warning" for line in daemon.log), "nobody was told that it was restored")
        need(daemon.page("/healthz") == "good\n", "the restored server is not healthy")
        daemon.stop()


def main(room):
    founder = found(room, units=[("jwc", "教务处", "东校区"), ("xgc", "学工处", "西校区")])
    server = install(room, founder, "centre", "--server", "spiral://127.0.0.1:7420")
    hub = install(room, founder, "west", "--hub", "--scope", "unit/xgc")
    need(hub.status()["server"]["url"] == "spiral://127.0.0.1:7420", "the hub was not told of the server")
    need([each["kind"] for each in founder.json("registry", "show")["devices"]].count("person") == 1, "kinds are wrong")
    clerk = join(room, founder, "clerk", "李雷", "--unit", "jwc", "--role", "clerk")
    need(clerk.status()["server"]["url"] == "spiral://127.0.0.1:7420", "people are not told of the server")
    clerk.json("doc", "new", "task", "--unit", "jwc", "--set", "title=甲")
    carry(room, clerk, founder, server)
    need(server.json("doc", "list") and server.dump() == founder.dump(), "the server lacks what it was brought")

    serves(room, server)
    as_the_unit_starts_it(room, server)
    # The server keeps the registry: what others propose is appended on its replica, with its own key.
    founder.json("registry", "move", "centre")
    carry(room, founder, server)
    proposal = room.stick("unit.json")
    founder.json("unit", "add", "new", "新部门", "--campus", "东校区", "-o", proposal, status=2)
    founder.refused("registry", "append", proposal, status=1, code="registry.not-keeper")
    server.json("registry", "append", proposal)
    server.refused("registry", "append", proposal, status=1, code="registry.act-repeated")
    carry(room, server, founder)
    need("new" in [each["id"] for each in founder.json("registry", "show")["units"]], "the unit did not come back")
    drill(room, founder, server)
    with Daemon(hub, hub.replica) as daemon:
        daemon.stop()


if not SPIRALD:
    sys.exit(77)
script(main)
