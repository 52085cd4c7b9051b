"""What the tests of this folder share: runs of faults_worker in copies of one template, and the judgement of what a run
left behind. Nothing here knows how the store works: it compares what was acknowledged with what a fresh start finds."""
import argparse
import collections
import concurrent.futures
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading

# Acts that add to what is there; a second one is another act. All others are done once, and again only to finish.
ADDING = ("create", "edit", "draft", "seal", "step", "attach", "grant", "export", "backup")
# After these, and after whatever attempts it took, the replica holds exactly what an undisturbed run leaves.
SAME_DUMP = ("import", "join", "restore", "reopen", "rebuild", "search")
# These make the folder: an attempt that was cut off may leave none.
MAKES_FOLDER = ("restore", "request", "found")
STATUS_KILLED = 137
TIMEOUT = 120


class Left:
    """What `look` and `check` found."""

    def __init__(self, text):
        self.items = collections.Counter()
        self.documents, self.drafts, self.titles = {}, {}, collections.Counter()
        self.problems, self.leftovers, self.lacks, self.advice, self.given = [], [], [], [], {}
        self.guard = self.dump = self.registry = None
        self.missing = False
        for line in text.splitlines():
            word, _, rest = line.partition(" ")
            if word == "item":
                self.items[rest] += 1
            elif word == "document":
                doc, state, title = rest.split(" ", 2)
                self.documents[doc] = title
                self.titles[title] += 1
            elif word == "draft":
                doc, _, title = rest.partition(" ")
                self.drafts[doc] = title
            elif word == "problem":
                if rest.startswith("cannot open: replica.missing"):
                    self.missing = True
                else:
                    self.problems.append(rest)
            elif word == "left":
                self.leftovers.append(rest)
            elif word == "lacks":
                self.lacks.append(rest)
            elif word == "advice":
                self.advice.append(rest)
            elif word == "given":
                name, _, frames = rest.partition(" ")
                self.given[name] = int(frames)
            elif word in ("guard", "dump", "registry"):
                setattr(self, word, rest)


class Outcome:
    """What a run said before it ended."""

    def __init__(self, status, text):
        self.status = status
        self.acks, self.fails, self.problems = [], [], []
        whole = text if text.endswith("\n") else text[: text.rfind("\n") + 1]   # a torn line was acknowledged to nobody
        for line in whole.splitlines():
            word, _, rest = line.partition(" ")
            if word == "ack":
                self.acks.append(rest.split(" ", 1))
            elif word == "fail":
                self.fails.append(rest.split(" ", 2))
            else:
                self.problems.append(line)


class Bench:
    def __init__(self, worker, shim=None, place=None):
        self.worker, self.shim = os.path.abspath(worker), shim and os.path.abspath(shim)
        self.home = tempfile.mkdtemp(prefix="spiral-faults.", dir=place)
        self.template = os.path.join(self.home, "template")
        self.call("prepare", self.template)
        self.operations = self.call("operations").stdout.split()
        self._lock, self._next = threading.Lock(), 0
        self._references = {}

    def close(self):
        shutil.rmtree(self.home, ignore_errors=True)

    def call(self, *arguments):
        done = subprocess.run([self.worker, *map(str, arguments)], capture_output=True, text=True, timeout=TIMEOUT)
        if done.returncode != 0:
            raise RuntimeError(f"faults_worker {arguments}: status {done.returncode}: {done.stdout[-500:]} {done.stderr}")
        return done

    def fresh(self):
        with self._lock:
            self._next += 1
            root = os.path.join(self.home, f"run-{self._next}")
        shutil.copytree(self.template, root)
        return root

    def drop(self, root):
        for folder in (root, root + ".kept"):
            shutil.rmtree(folder, ignore_errors=True)

    def run(self, operation, root, seed, acts=1, environment=None):
        done = subprocess.run([self.worker, "run", operation, root, str(seed), str(acts)], capture_output=True, text=True,
                              timeout=TIMEOUT, env={**os.environ, **(environment or {})})
        return Outcome(done.returncode, done.stdout + done.stderr)

    def faulty(self, operation, root, kind, at, seed=1, log=None, retries=0, random_seed=0):
        environment = {"LD_PRELOAD": self.shim, "FAULT_ROOT": root, "FAULT_KIND": kind, "FAULT_AT": str(at),
                       "FAULT_SEED": str(random_seed), "RETRIES": str(retries)}
        if log:
            environment["FAULT_LOG"] = log
        return self.run(operation, root, seed, 1, environment)

    def look(self, operation, root, seed=2, how="look"):
        done = subprocess.run([self.worker, how, operation, root, str(seed)], capture_output=True, text=True, timeout=TIMEOUT)
        left = Left(done.stdout)
        if done.returncode != 0:
            left.problems.append(f"{how} ended with {done.returncode}: {done.stdout[-300:]} {done.stderr[-300:]}")
        return left

    def reference(self, operation):
        """What an undisturbed run leaves, and what was there before it."""
        with self._lock:
            known = self._references.get(operation)
        if known:
            return known
        root = self.fresh()
        before = self.look(operation, root)
        self.drop(root)
        root = self.fresh()
        done = self.run(operation, root, 1)
        if done.status != 0 or done.problems:
            raise RuntimeError(f"{operation}, undisturbed: status {done.status}, {done.fails} {done.problems}")
        after = self.look(operation, root)
        if after.problems or after.missing:
            raise RuntimeError(f"{operation}, undisturbed: {after.problems}")
        self.drop(root)
        with self._lock:
            self._references[operation] = (before, after)
        return before, after


def judge_acks(operation, outcome, left, before, after, exactly):
    """Every acknowledged act is there once. `exactly`: and nothing else, since what failed says that it did nothing."""
    wrong = []
    last_title, made = {}, set()
    for name, ids in outcome.acks:
        words = ids.split(" ")
        if name in ("create", "edit", "seal", "attach", "step"):
            made.add(words[1])
            if words[0] not in left.documents:
                wrong.append(f"the acknowledged document {words[0]} is not there")
        elif name == "grant":
            made.add(words[0])
        elif name == "draft":
            last_title[words[0]] = ids.split(" ", 1)[1]
        elif name in ("export", "backup") and not os.path.exists(os.path.join(left.root, "out", ids)):
            wrong.append(f"the acknowledged file {ids} is not there")
        if name == "seal":
            last_title.pop(words[0], None)
    for id in made:
        if left.items[id] != 1:
            wrong.append(f"the acknowledged {id} is there {left.items[id]} times")
    for doc, title in last_title.items():
        # A draft that was being sealed when the end came is a revision now.
        if left.drafts.get(doc) != title and left.documents.get(doc) != title:
            # … or a newer one was being saved.
            newer = left.drafts.get(doc, "")
            if exactly or not newer.startswith(title.rsplit(" ", 1)[0]):
                wrong.append(f"the acknowledged draft {title} of {doc} is {newer or 'not there'}")
    for id, times in left.items.items():
        if times > 1:
            wrong.append(f"{id} stands in {times} frames")
    doubled = [title for title, times in left.titles.items() if times > max(1, before.titles[title], after.titles[title])]
    if doubled:
        wrong.append(f"{len(doubled)} titles more often than they should be, as {doubled[0]}")
    new = set(left.items) - set(before.items) - made
    if operation in ADDING:
        if exactly and new:
            wrong.append(f"{len(new)} acts are there that were said to have failed")
        if len(new) > 1:
            wrong.append(f"{len(new)} acts that nobody acknowledged")
    return wrong


def judge(bench, operation, root, outcome, exactly=False, clean=False):
    """Looks at what a disturbed run left, finishes what it began, looks again. Gives what is wrong, and what lay about."""
    before, after = bench.reference(operation)
    wrong = list(outcome.problems)
    if outcome.status < 0 and outcome.status != -9:
        wrong.append(f"the program died of signal {-outcome.status}")
    finishes = operation not in ADDING
    first = bench.look(operation, root, how="look" if finishes else "check")
    first.root = root
    wrong += first.problems
    acknowledged = any(name == operation for name, _ in outcome.acks)
    if first.missing:
        if acknowledged or operation not in MAKES_FOLDER:
            wrong.append("there is no replica")
    else:
        wrong += judge_acks(operation, outcome, first, before, after, exactly)
        if operation in ("restore", "reopen"):
            if "restored" not in first.advice:
                wrong.append("nobody is told that the replica was restored")
        elif first.guard == "restored" or "restored" in first.advice:
            wrong.append("the guard takes the replica for a restored one")
    # Pieces of an attachment that came before the disk was full are what the next attempt goes on from.
    garbage = [name for name in first.leftovers if not (operation == "import" and name.endswith(".part"))]
    if clean and garbage:
        wrong.append(f"left behind: {garbage}")
    leftovers = list(first.leftovers)
    if not finishes:
        return wrong, leftovers

    again = bench.run(operation, root, 3)
    done_before = operation in MAKES_FOLDER and any("replica.exists" in fail[2] for fail in again.fails)
    if again.problems or (again.status != 0 and not done_before):
        wrong.append(f"the second attempt: status {again.status}, {again.fails} {again.problems}")
        return wrong, leftovers
    last = bench.look(operation, root, seed=4, how="check")
    last.root = root
    wrong += [f"after the second attempt: {text}" for text in last.problems]
    if last.missing:
        return wrong + ["after the second attempt there is no replica"], leftovers
    if operation in SAME_DUMP and last.dump != after.dump:
        wrong.append("after the second attempt the dump is not that of an undisturbed run")
    if operation in ("table", "found", "enrol") and last.titles != after.titles:
        more, less = last.titles - after.titles, after.titles - last.titles
        wrong.append(f"after the second attempt there are other documents: {len(more)} more as {list(more)[:1]}, "
                     f"{len(less)} fewer as {list(less)[:1]}")
    if last.registry != after.registry:
        wrong.append(f"after the second attempt the registry stands at {last.registry}, not {after.registry}")
    if sorted(set(last.lacks)) != sorted(set(after.lacks)):
        wrong.append(f"after the second attempt these attachments are missing: {last.lacks}")
    if operation == "enrol" and "welcome-waiting" not in last.given:
        wrong.append("after the second attempt there is no welcome")
    if clean and last.leftovers:
        wrong.append(f"left behind after the second attempt: {last.leftovers}")
    return wrong, leftovers


class Report:
    def __init__(self):
        self._lock = threading.Lock()
        self.runs, self.wrong, self.leftovers = 0, [], collections.Counter()

    def add(self, what, wrong, leftovers=()):
        with self._lock:
            self.runs += 1
            for name in leftovers:
                self.leftovers["".join("*" if letter in "0123456789abcdef" else letter for letter in os.path.basename(name))] += 1
            for text in wrong:
                self.wrong.append(f"{what}: {text}")
                print(f"WRONG  {what}: {text}", flush=True)

    def end(self, what):
        if self.leftovers:
            kinds = collections.Counter()
            for name, times in self.leftovers.items():
                kinds[name[name.rfind("."):] if "." in name else name] += times
            print("unfinished files that a later attempt removes or overwrites:", dict(kinds))
        print(f"{self.runs} {what}, {len(self.wrong)} wrong")
        return 1 if self.wrong or self.runs == 0 else 0


def each(tasks, work, threads=2):
    """Runs work(task) on threads; an exception in one ends all."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for future in concurrent.futures.as_completed([pool.submit(work, task) for task in tasks]):
            future.result()


def fast_place():
    """Memory rather than a disk where there is some: hundreds of copies, and nothing here tests the disk itself."""
    try:
        free = shutil.disk_usage("/dev/shm").free
    except OSError:
        return None
    return "/dev/shm" if free > 256 * 1024 * 1024 and os.access("/dev/shm", os.W_OK) else None
