#!/usr/bin/python3
"""The same documents through Spiral, through Fossil and through PouchDB with pouchdb-server, all on the loopback.

    tests/bench/network.py build/release/bin [--documents 10000] [--bytes 1024] [--turns 3] [--folder DIR] [--no-fossil]
    tests/bench/network.py --install-pouchdb        once, with npm, into ~/.cache/spiral-bench (or $SPIRAL_BENCH_CACHE)

One replica holds all documents and pushes them to a server that has none; a fresh replica pulls all of them; the first
asks again and there is nothing to do; one document of 2 KB changes and is pushed. Turns: Spiral with a frame a document
(what saving one by one gives), Spiral with 100 documents a frame, Fossil, PouchDB, and again; figures are medians, and the
ratios those of one turn.

Spiral is the real programs: `spiral sync` and `spirald` over TLS, every signature checked on both sides, durable, and the
pulled documents readable (the view follows) when the command ends; the time is that of the whole process, the key being
in the unlock agent. "Without the view" is the same time less what the view took: everything that came is on the disk then,
verified, and served to others; the others make no view. Bytes and round trips as `spiral sync --json` tells them: inside
TLS. Fossil: a file a document in one check-in, `fossil sync` and `fossil clone` by http, time of the whole process; nothing is signed. PouchDB: `replicate` of a
process of node that runs already, LevelDB on both sides; nothing is signed or verified, and its time has no start of a
process in it. Bytes and round trips of these two are counted by a proxy, in a turn of its own that is not timed.
"""
import argparse
import json
import os
import re
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("SPIRAL_BENCH_CACHE") or os.path.join(os.path.expanduser("~"), ".cache", "spiral-bench")
WHAT = ("push", "pull", "nothing", "changed")
CHANGED_BYTES = 2000
UNIT = "jwc"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False


def size_of(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(root, name)) for root, _, names in os.walk(path) for name in names)


class Proxy:
    """Carries TCP to a port and counts what passes each way, and the requests of HTTP in it."""
    REQUEST = re.compile(rb"(?:^|\r\n|[^A-Za-z])(?:GET|POST|PUT|HEAD|DELETE|OPTIONS) [^ \r\n]+ HTTP/1\.[01]\r\n")

    def __init__(self, target):
        self.target, self.up, self.down, self.requests = target, 0, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(near,), daemon=True).start()

    def carry(self, near):
        far = socket.create_connection(("127.0.0.1", self.target))
        with selectors.DefaultSelector() as both:
            both.register(near, selectors.EVENT_READ, far)
            both.register(far, selectors.EVENT_READ, near)
            tail = b""
            while both.get_map():
                for key, _ in both.select():
                    try:
                        data = key.fileobj.recv(1 << 18)
                        if data:
                            key.data.sendall(data)
                    except OSError:
                        data = b""
                    if not data:
                        both.unregister(key.fileobj)
                        try:
                            key.data.shutdown(socket.SHUT_WR)
                        except OSError:
                            pass
                    elif key.fileobj is near:
                        self.up += len(data)
                        # A line may come in two parts; what was counted is not counted again.
                        text = tail + data
                        found = list(self.REQUEST.finditer(text))
                        self.requests += len(found)
                        tail = text[found[-1].end():][-4096:] if found else text[-4096:]
                    else:
                        self.down += len(data)
        near.close()
        far.close()

    def taken(self):
        time.sleep(0.1)
        told = (self.up, self.down, self.requests)
        self.up = self.down = self.requests = 0
        return told


class Figures(dict):
    """what -> {"s": seconds, "up": bytes, "down": bytes, "trips": round trips}, and "disk" -> (server, puller)."""

    def add(self, what, **values):
        self.setdefault(what, {}).update(values)


# --- Spiral -----------------------------------------------------------------------------------------------------------------

class Spiral:
    """Two programs; and how long the signatures of so many single frames take to verify, with nothing around it."""

    def floor(self, signatures, threads):
        done = subprocess.run([self.seeder, "--verify", str(signatures), "--threads", str(threads)], stdout=subprocess.PIPE,
                              text=True, check=True)
        return float(done.stdout.split()[1])

    def __init__(self, programs, folder):
        os.environ["SPIRAL"] = os.path.join(programs, "spiral")
        os.environ["SPIRALD"] = os.path.join(programs, "spirald")
        self.seeder = os.path.join(programs, "bench_network_seed")
        self.folder = folder
        sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
        import machines
        self.machines = machines

    def seed(self, machine, *words):
        done = subprocess.run([self.seeder, "--replica", machine.replica, "--passphrase", machine.room.passphrase,
                               "--scope", f"unit/{UNIT}", *map(str, words)],
                              env={**os.environ, **machine.environment}, stdout=subprocess.PIPE, text=True, check=True)
        _, size, revision = done.stdout.split()
        return int(size), revision

    def turn(self, documents, size, rows):
        m = self.machines
        figures = Figures()
        with m.Room() as room:
            keeper = m.found(room, units=((UNIT, "教务处", "东校区"),))
            url = f"spiral://127.0.0.1:{free_port()}"
            server = m.install(room, keeper, "server", "--server", url)
            writer = m.join(room, keeper, "writer", "李雷", "--unit", UNIT, "--role", "clerk")
            reader = m.join(room, keeper, "reader", "韩梅", "--unit", UNIT, "--role", "head")
            m.carry(room, keeper, writer, reader)
            for machine in (writer, reader):
                run = os.path.join(machine.folder, "run")
                os.mkdir(run, 0o700)
                machine.environment.pop("SPIRAL_NO_AGENT")
                machine.environment["XDG_RUNTIME_DIR"] = run
            listen = url.removeprefix("spiral://")
            with m.Daemon(server, "", "--data", server.replica, "--listen", listen, "--web", "127.0.0.1:0") as daemon:
                keeper.json("sync", url)      # the server learns of who was enrolled after it

                def sync(machine, what):
                    began = time.monotonic()
                    told = machine.json("sync", url)
                    took = time.monotonic() - began
                    m.need(told["agreed"], "the two do not agree:", told)
                    if what:
                        figures.add(what, s=took, stored=took - told["view_seconds"], up=told["bytes_sent"],
                                    down=told["bytes_received"], trips=told["round_trips"])
                    return told

                try:
                    # What the registry has new is not what is measured, nor is unlocking a key: the agent has both keys now.
                    sync(writer, None)
                    sync(reader, None)
                    _, last = self.seed(writer, "--documents", documents, "--bytes", size, "--rows", rows)
                    writer.json("status")     # the writer's view follows what was sealed
                    told = sync(writer, "push")
                    m.need(told["frames_sent"] >= documents // rows, "not all went out:", told)
                    sync(writer, None)
                    sync(writer, "nothing")
                    sync(reader, "pull")
                    listed = reader.status()["counts"]["total"]
                    m.need(listed >= documents, "not all came:", listed)
                    one = ("--documents", 1, "--bytes", CHANGED_BYTES, "--of", "00" * 15 + "01", "--rows", 1)
                    _, first = self.seed(writer, *one, "--seed", 8)
                    sync(writer, None)
                    own, _ = self.seed(writer, *one, "--seed", 9, "--parent", first)
                    writer.json("status")
                    sync(writer, "changed")
                    figures.add("changed", own=own)
                    with open(f"/proc/{daemon.process.pid}/status") as status:
                        figures["server-rss"] = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) * 1024
                        figures["server-cpu"] = self.cpu(daemon.process.pid)
                finally:
                    for machine in (writer, reader):
                        machine.run("lock", status=(0, 1, 2, 3, 4))
                daemon.stop()
            figures["disk"] = (size_of(os.path.join(server.replica, "store.db")),
                               sum(size_of(os.path.join(reader.replica, name)) for name in ("store.db", "view.db")))
        return figures

    @staticmethod
    def cpu(pid):
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- Fossil -----------------------------------------------------------------------------------------------------------------

class Fossil:
    def __init__(self, folder, texts):
        self.folder, self.texts = folder, texts
        self.environment = {"PATH": os.environ["PATH"], "HOME": folder, "FOSSIL_HOME": folder, "USER": "bench", "LC_ALL": "C.UTF-8"}

    def run(self, *arguments, cwd=None):
        began = time.monotonic()
        done = subprocess.run(["fossil", *arguments], cwd=cwd or self.folder, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            sys.exit(f"fossil {' '.join(arguments)}: {done.stdout}")
        return time.monotonic() - began

    def turn(self, counted):
        figures = Figures()
        self.run("init", "writer.fossil")
        self.run("clone", "writer.fossil", "server.fossil")
        # Who may write is not what is measured.
        self.run("user", "capabilities", "nobody", "s", "-R", "server.fossil")
        work = os.path.join(self.folder, "work")
        os.mkdir(work)
        self.run("open", "../writer.fossil", cwd=work)
        self.run("settings", "autosync", "off", cwd=work)
        for i, text in enumerate(self.texts):
            place = os.path.join(work, f"{i // 100:04}")
            os.makedirs(place, exist_ok=True)
            with open(os.path.join(place, f"{i:06}.txt"), "w", encoding="utf-8") as file:
                file.write(text["title"] + "\n" + text["cause"])
        self.run("addremove", cwd=work)
        self.run("commit", "--no-warnings", "-m", "texts", cwd=work)
        port = free_port()
        server = subprocess.Popen(["fossil", "server", "--localhost", "--port", str(port), "server.fossil"], cwd=self.folder,
                                  env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            if not wait_for(port, server):
                sys.exit("the fossil server does not answer")
            proxy = Proxy(port) if counted else None
            url = f"http://127.0.0.1:{proxy.port if proxy else port}/"

            def step(what, *words):
                took = self.run(*words)
                if proxy:
                    up, down, trips = proxy.taken()
                    figures.add(what, up=up, down=down, trips=trips)
                else:
                    figures.add(what, s=took)

            sync = ("sync", url, "-R", "writer.fossil", "--once")
            step("push", *sync)
            step("nothing", *sync)
            step("pull", "clone", url, "copy.fossil", "--once")
            with open(os.path.join(work, "0000", "000000.txt"), "w", encoding="utf-8") as file:
                file.write(changed_text(self.texts))
            self.run("commit", "--no-warnings", "-m", "changes", cwd=work)
            step("changed", *sync)
        finally:
            server.terminate()
            server.wait()
        figures["disk"] = (size_of(os.path.join(self.folder, "server.fossil")), size_of(os.path.join(self.folder, "copy.fossil")))
        return figures


def changed_text(texts):
    """A document of 2 KB made of others, so that it is as compressible as all."""
    text = ""
    for other in reversed(texts):
        for character in other["cause"]:
            if len((text + character).encode()) > CHANGED_BYTES:
                return text
            text += character
    return text


# --- PouchDB ----------------------------------------------------------------------------------------------------------------

POUCH = r"""
const PouchDB = require(process.argv[2] + '/node_modules/pouchdb');
const fs = require('fs');
const [texts, folder, url] = [JSON.parse(fs.readFileSync(process.argv[3])), process.argv[4], process.argv[5]];
const change = fs.readFileSync(process.argv[6], 'utf8');
const said = (what, seconds, docs) => console.log(JSON.stringify({what, seconds, docs}));
const input = require('readline').createInterface({input: process.stdin})[Symbol.asyncIterator]();
// The counter is read between two steps.
const timed = async (what, work) => {
    const began = process.hrtime.bigint();
    const done = await work();
    said(what, Number(process.hrtime.bigint() - began) / 1e9, done.docs_written ?? 0);
    await input.next();
};
(async () => {
    const writer = new PouchDB(folder + '/writer'), reader = new PouchDB(folder + '/reader');
    for (let i = 0; i < texts.length; i += 1000) await writer.bulkDocs(texts.slice(i, i + 1000));
    await writer.put({_id: 'changed', cause: change.slice(0, 1)});
    const remote = () => new PouchDB(url);
    await remote().info();
    said('ready', 0, 0);
    await input.next();
    await timed('push', () => writer.replicate.to(remote()));
    await timed('nothing', () => writer.replicate.to(remote()));
    await timed('pull', () => reader.replicate.from(remote()));
    const held = await writer.get('changed');
    await writer.put({...held, cause: change});
    await timed('changed', () => writer.replicate.to(remote()));
    await writer.close();
    await reader.close();
    process.exit(0);
})().catch(error => { console.error(error); process.exit(1); });
"""


class Pouch:
    def __init__(self, folder, texts):
        self.folder, self.texts = folder, texts

    @staticmethod
    def server_program():
        return os.path.join(CACHE, "node_modules", ".bin", "pouchdb-server")

    @classmethod
    def missing(cls):
        if shutil.which("node") is None:
            return "node is not installed"
        if not os.path.exists(cls.server_program()):
            return f"pouchdb-server is not in {CACHE}: see --install-pouchdb"
        return None

    def turn(self, counted):
        figures = Figures()
        port = free_port()
        names = {name: os.path.join(self.folder, name) for name in ("script.js", "texts.json", "change.txt", "served", "local")}
        os.mkdir(names["served"])
        os.mkdir(names["local"])
        with open(names["script.js"], "w") as file:
            file.write(POUCH)
        with open(names["texts.json"], "w") as file:
            json.dump([{"_id": text["id"], "title": text["title"], "cause": text["cause"]} for text in self.texts], file)
        with open(names["change.txt"], "w", encoding="utf-8") as file:
            file.write(changed_text(self.texts))
        server = subprocess.Popen([self.server_program(), "--port", str(port), "--dir", names["served"], "--no-stdout-logs"],
                                  cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = None
        try:
            if not wait_for(port, server):
                raise RuntimeError("pouchdb-server does not answer")
            proxy = Proxy(port) if counted else None
            url = f"http://127.0.0.1:{proxy.port if proxy else port}/bench"
            client = subprocess.Popen(["node", names["script.js"], CACHE, names["texts.json"], names["local"], url,
                                       names["change.txt"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for line in client.stdout:
                told = json.loads(line)
                if told["what"] == "push" and told["docs"] != len(self.texts) + 1:
                    raise RuntimeError(f"PouchDB pushed {told['docs']} documents")
                up, down, trips = proxy.taken() if proxy else (0, 0, 0)
                if told["what"] != "ready":
                    figures.add(told["what"], **(dict(up=up, down=down, trips=trips) if proxy else dict(s=told["seconds"])))
                client.stdin.write("\n")
                client.stdin.flush()
            if client.wait() != 0:
                raise RuntimeError("PouchDB failed")
        finally:
            for process in (client, server):
                if process and process.poll() is None:
                    process.terminate()
                    process.wait()
        figures["disk"] = (size_of(names["served"]), size_of(os.path.join(names["local"], "reader")))
        return figures


def install_pouchdb():
    if shutil.which("npm") is None:
        print("npm is not installed; PouchDB stays out")
        return
    os.makedirs(CACHE, exist_ok=True)
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "pouchdb", "pouchdb-server"], cwd=CACHE, check=False,
                              timeout=900)
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode != 0:
        print("npm could not install pouchdb and pouchdb-server; PouchDB stays out")


# --- the table --------------------------------------------------------------------------------------------------------------

def in_folder(folder, name, make, counted):
    place = os.path.join(folder, name)
    os.mkdir(place)
    try:
        return make(place).turn(counted)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", nargs="?", help="folder of spiral, spirald and bench_network_seed")
    parser.add_argument("--documents", type=int, default=10000)
    parser.add_argument("--bytes", type=int, default=1024)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--folder", default=None)
    parser.add_argument("--no-fossil", action="store_true")
    parser.add_argument("--no-pouchdb", action="store_true")
    parser.add_argument("--install-pouchdb", action="store_true")
    options = parser.parse_args()
    if options.install_pouchdb:
        install_pouchdb()
        if options.programs is None:
            return
    if options.programs is None:
        parser.error("which programs?")
    programs = os.path.abspath(options.programs)
    if options.folder:
        tempfile.tempdir = os.path.abspath(options.folder)

    left_out = {"Fossil": "not asked for" if options.no_fossil else None if shutil.which("fossil") else "fossil is not installed",
                "PouchDB": "not asked for" if options.no_pouchdb else Pouch.missing()}
    turns, counts, floors = {}, {}, []
    with tempfile.TemporaryDirectory(prefix="spiral-bench.") as folder:
        spiral = Spiral(programs, folder)
        file = os.path.join(folder, "texts.json")
        subprocess.run([spiral.seeder, "--documents", str(options.documents), "--bytes", str(options.bytes), "--texts", file],
                       check=True)
        with open(file, encoding="utf-8") as given:
            texts = json.load(given)
        raw = sum(len((text["title"] + text["cause"]).encode()) for text in texts)
        others = {"Fossil": lambda place: Fossil(place, texts), "PouchDB": lambda place: Pouch(place, texts)}
        for turn in range(options.turns):
            for name, rows in (("Spiral, a frame each", 1), ("Spiral, 100 a frame", 100)):
                turns.setdefault(name, []).append(spiral.turn(options.documents, options.bytes, rows))
            floors.append([spiral.floor(options.documents, threads) for threads in (1, 2)])
            for name, make in others.items():
                if left_out[name]:
                    continue
                try:
                    turns.setdefault(name, []).append(in_folder(folder, name, make, False))
                    if turn == 0:
                        counts[name] = in_folder(folder, name, make, True)
                except RuntimeError as error:      # PouchDB: of others, and no reason to fail
                    left_out[name] = str(error)
                    turns.pop(name, None)
    show(options, raw, turns, counts, left_out, floors)


def show(options, raw, turns, counts, left_out, floors):
    ours = [name for name in turns if name.startswith("Spiral")]
    theirs = [name for name in turns if name in counts]

    def middle(name, what, value):
        if name in counts and value not in ("s", "stored"):
            return counts[name][what][value]
        return statistics.median(turn[what][value] for turn in turns[name])

    def bytes_of(name, what):
        return middle(name, what, "up") + middle(name, what, "down")

    print(f"{options.documents} documents, {raw / 1e6:.2f} MB of text, {options.turns} turn(s)")
    one, two = (statistics.median(each) for each in zip(*floors))
    print(f"to verify {options.documents} signatures, and nothing else: {one:.3f} s in one thread, {two:.3f} s in two")
    for name, why in left_out.items():
        if why:
            print(f"without {name}: {why}")
    print("\n| | | " + " | ".join(turns) + " |")
    print("| --- | --- |" + " --- |" * len(turns))
    for what in WHAT:
        print(f"| {what} | s | " + " | ".join(f"{middle(name, what, 's'):.3f}" for name in turns) + " |")
        if any("stored" in turn[what] for name in turns for turn in turns[name]):
            print("| | … durable, without the view | " + " | ".join(
                f"{middle(name, what, 'stored'):.3f}" if "stored" in turns[name][0][what] else "" for name in turns) + " |")
        print("| | bytes up / down | " + " | ".join(f"{middle(name, what, 'up'):,.0f} / {middle(name, what, 'down'):,.0f}"
                                                   for name in turns) + " |")
        print("| | round trips | " + " | ".join(f"{middle(name, what, 'trips'):.0f}" for name in turns) + " |")
    for i, whose in enumerate(("server", "puller")):
        print(f"| disk | {whose} | " + " | ".join(f"{statistics.median(turn['disk'][i] for turn in turns[name]):,.0f}"
                                                 for name in turns) + " |")
    for key, unit in (("server-cpu", "s of processor"), ("server-rss", "bytes resident at most")):
        print(f"| server | {unit} | " + " | ".join(f"{statistics.median(turn[key] for turn in turns[name]):,.2f}" if key in turns[name][0]
                                                  else "" for name in turns) + " |")
    for name in ours:
        besides = bytes_of(name, "changed") - middle(name, "changed", "own")
        print(f"\n{name}: the changed document costs {besides:,.0f} bytes besides its own {middle(name, 'changed', 'own'):,.0f}"
              f" (goal ≤ 2,200)")
        for other in theirs:
            parts = []
            for what in WHAT:
                faster, durable = (statistics.median(b[what]["s"] / a[what][which] for a, b in zip(turns[name], turns[other]))
                                   for which in ("s", "stored"))
                parts.append(f"{what} {faster:.1f} times as fast ({durable:.1f} without the view), "
                             f"{bytes_of(name, what) / bytes_of(other, what):.2f} of the bytes")
            print(f"  beside {other}: " + "; ".join(parts))


if __name__ == "__main__":
    try:
        main()
    except Exception as error:             # a script of tests/e2e says what went wrong by Failed
        if type(error).__name__ != "Failed":
            raise
        sys.exit(f"FAILED: {error}")
