"""The fuzz harness: breaks valid files, reads them as the commands do, and says how each reading ended.

An input is known by its reader and its number; what stopped a reader is kept as a file that can be read again.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import resource
import select
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import typer

from rasters.errors import PlannerError
from scenarios.study import documents
from tests.hostile.door import Door
from tests.hostile.mutations import mutated
from tests.hostile.readers import READERS

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "results" / "hostile"
MEMORY_BYTES = 4 * 2**30
SLOW_S, HUNG_S, SILENT_S = 10.0, 30.0, 600.0
"""Processor time that is too much for a small file, and that after which it is broken off; seconds by the clock without a word."""
CHUNK = 6000
"""Inputs that one process reads."""
ENDS = ("accepted", "refused", "crash", "slow", "memory")
PER_KIND = 2
"""Files that are kept of one kind of crash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A broken file of a reader."""

    reader: str
    number: int
    seed: int
    file: str
    content: bytes

    def write(self, path: Path, **more: str) -> None:
        """Keep it, to read it again."""
        path.parent.mkdir(parents=True, exist_ok=True)
        facts = asdict(self) | {"content": base64.b64encode(self.content).decode()} | more
        path.write_text(json.dumps(facts, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Input:
        """One that was kept."""
        facts = json.loads(path.read_text(encoding="utf-8"))
        content = base64.b64decode(facts["content"])
        return cls(
            reader=facts["reader"], number=facts["number"], seed=facts["seed"], file=facts["file"], content=content
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a reading ended: one of `ENDS`, the message or the traceback, and where it broke."""

    how: str
    text: str = ""
    kind: str = ""
    kept: str = ""


class _Hung(BaseException):
    """It computed for too long."""


class Desk:
    """A folder with the valid files of a reader, in which one at a time is broken and read."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.reader, self.folder = name, READERS[name], folder / "files"
        self.folder.mkdir(parents=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.reader.write(self.folder)
        self.names = self.reader.names(self.folder)
        self.valid = {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        self.kept = {str(parent) for path in self.valid for parent in Path(path).parents}
        self.states = {path: _state(os.lstat(path)) for path in self.valid}

    def input(self, number: int, seed: int) -> Input:
        """The input of a number."""
        rng = random.Random(f"{self.name}/{seed}/{number}")
        file = rng.choice(self.names)
        content = mutated(file, self.valid[str(self.folder / file)], rng)
        return Input(reader=self.name, number=number, seed=seed, file=file, content=content)

    def read(self, one: Input) -> End:
        """Put the broken file down, read, and put all back."""
        broken = self.folder / one.file
        broken.write_bytes(one.content)
        try:
            return _ended(self.reader.door(one.number), self.folder, one.file)
        finally:
            self.states.pop(str(broken))
            self._put_back()

    def require_sound(self) -> None:
        """RuntimeError unless every reader takes the valid files; what is compiled or loaded once is so after it."""
        for file in self.names:
            for number in (0, 1):
                end = _ended(self.reader.door(number), self.folder, file)
                self._put_back()
                if end.how != "accepted":
                    raise RuntimeError(f"{self.name}, {file}: its valid files are not read: {end.text}")

    def _put_back(self) -> None:
        """What is new goes; what is not as it was, by its size and time, is written again: the broken file always."""
        there = dict(_swept(str(self.folder), self.kept, self.valid))
        for path in [path for path in self.valid if path not in there or there[path] != self.states.get(path)]:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(self.valid[path])
            self.states[path] = _state(os.lstat(path))


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ino


def _swept(folder: str, folders: Container[str], files: Container[str]) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """The files that should be there and how they are; whatever else is there is removed."""
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if not entry.is_dir(follow_symlinks=False):
                if entry.path in files and not entry.is_symlink():
                    yield entry.path, _state(entry.stat(follow_symlinks=False))
                else:
                    Path(entry.path).unlink()
            elif entry.path in folders:
                yield from _swept(entry.path, folders, files)
            else:
                shutil.rmtree(entry.path, ignore_errors=True)


def _ended(read: Door, folder: Path, file: str) -> End:
    began = time.process_time()
    try:
        with _watched(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read(folder, file)
        end = End(how="accepted")
    except (PlannerError, typer.BadParameter) as error:
        end = End(how="refused", text=f"{type(error).__name__}: {error}")
    except (_Hung, KeyboardInterrupt):
        end = End(how="slow", text=traceback.format_exc(), kind=f"slow: {_place(sys.exc_info()[2])}")
    except MemoryError:
        end = End(how="memory", text=traceback.format_exc(), kind=f"memory: {_place(sys.exc_info()[2])}")
    except BaseException as error:
        end = End(
            how="crash", text=traceback.format_exc(), kind=f"{type(error).__name__}: {_place(error.__traceback__)}"
        )
    if time.process_time() - began > SLOW_S and end.how in ("accepted", "refused"):
        end = End(how="slow", text=end.text, kind=f"slow: {file}")
    return end


def _place(trace: Any) -> str:
    """Last place in this project that an error came through."""
    frames = [frame for frame in traceback.extract_tb(trace) if "tests/hostile" not in frame.filename]
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(ROOT) and ".venv" not in frame.filename]
    return "outside" if not own else f"{Path(own[-1].filename).relative_to(ROOT).as_posix()}:{own[-1].name}"


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    """Raise where it has computed for too long."""

    def late(_: int, __: FrameType | None) -> None:
        raise _Hung

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, HUNG_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _work(name: str, first: int, count: int, seed: int, pipe: int) -> None:
    """In a process of its own: read inputs, and write how each ended to a pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    with TemporaryDirectory(prefix="otkel-hostile-") as folder, os.fdopen(pipe, "w", buffering=1) as report:
        desk = Desk(name, Path(folder))
        _parse_once({raw.decode() for path, raw in desk.valid.items() if path.endswith(".yaml")})
        desk.require_sound()
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, used + MEMORY_BYTES))
        report.write("ready\n")
        kinds: Counter[str] = Counter()
        for number in range(first, first + count):
            one = desk.input(number, seed)
            end = desk.read(one)
            kinds[end.kind] += 1
            if end.kind and kinds[end.kind] <= PER_KIND:
                end = _kept(one, end)
            report.write(json.dumps(asdict(end) | {"text": ""}) + "\n")


def _parse_once(texts: Container[str]) -> None:
    """In this process, parse files that are not broken once, however often they are read: what is broken is never among them."""
    parse = documents.nodes_of
    known = cache(parse)
    documents.nodes_of = lambda text: known(text) if text in texts else parse(text)


@dataclass(slots=True)
class Tally:
    """How the inputs of a reader ended, and the processor time of the processes that read them."""

    ends: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    broken: str = ""

    @property
    def tried(self) -> int:
        """Inputs."""
        return sum(self.ends.values())


def fuzz(names: list[str], inputs: int, seed: int, seconds: float = float("inf")) -> dict[str, Tally]:
    """Share ``inputs`` out to the readers, by weight; stop after ``seconds``. Crashes are kept under results/hostile."""
    total, began = sum(READERS[name].weight for name in names), time.monotonic()
    found = {}
    for name in names:
        share = seconds * READERS[name].weight / total
        found[name] = _of_reader(name, -(-inputs * READERS[name].weight // total), seed, share)
        print(line(name, found[name]), flush=True)
        if time.monotonic() - began > seconds:
            break
    return found


def _of_reader(name: str, inputs: int, seed: int, seconds: float) -> Tally:
    tally, began = Tally(), time.monotonic()
    while tally.tried < inputs and time.monotonic() - began < seconds:
        before = tally.tried
        for end in _worker(name, tally.tried, min(CHUNK, inputs - tally.tried), seed, began + seconds, tally):
            if end.kept and tally.kinds[end.kind] < PER_KIND:
                print(f"  {end.kind}  {end.kept}", flush=True)
            tally.ends[end.how] += 1
            tally.kinds[end.kind] += bool(end.kind)
        if tally.tried == before and time.monotonic() - began < seconds:
            raise RuntimeError(
                f"{name}: its valid files could not be written or read: {tally.broken or 'its process ended'}"
            )
    return tally


def _worker(name: str, first: int, count: int, seed: int, until: float, tally: Tally) -> Iterator[End]:
    """Ends of some inputs, of a process that is ended when it is silent. This one stays clean: nothing is read in it."""
    heard, pipe = os.pipe()
    process = os.fork()
    if not process:
        os.close(heard)
        try:
            _work(name, first, count, seed, os.dup(pipe))
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.write(pipe, f"broken {type(error).__name__}: {error}".replace("\n", " ").encode() + b"\n")
        os._exit(0)
    os.close(pipe)
    buffer, done, ready = b"", 0, False
    try:
        while done < count and time.monotonic() < until:
            there, _, _ = select.select([heard], [], [], SILENT_S)
            part = os.read(heard, 2**20) if there else b""
            if not part:
                if ready:
                    how, what = ("crash", "ended") if there else ("slow", "is silent")
                    yield End(how=how, kind=f"{how}: the process {what}")
                return
            *lines, buffer = (buffer + part).split(b"\n")
            for text in lines:
                if text.startswith(b"broken "):
                    tally.broken = text.decode()
                    return
                done += text != b"ready"
                ready = True
                if text != b"ready":
                    yield End(**json.loads(text))
    finally:
        os.kill(process, signal.SIGKILL)
        used = os.wait4(process, 0)[2]
        tally.seconds += used.ru_utime + used.ru_stime
        os.close(heard)


def _kept(one: Input, end: End) -> End:
    """Keep an input that broke its reader, with how it ended."""
    name = "".join(letter if letter.isalnum() else "_" for letter in one.reader)
    file = KEPT / f"{name}-{one.seed}-{one.number}.json"
    one.write(file, end=end.how, kind=end.kind, text=end.text[-3000:])
    return replace(end, kept=file.relative_to(ROOT).as_posix())


HEAD = f"{'reader':22}{'tried':>8}{'accepted':>10}{'refused':>9}{'crashes':>9}{'slow':>6}{'memory':>8}{'CPU ms':>8}"


def line(name: str, tally: Tally) -> str:
    """A row of the table."""
    numbers = [tally.ends[how] for how in ENDS]
    each = 1000 * tally.seconds / max(tally.tried, 1)
    return f"{name:22}{tally.tried:8}{numbers[0]:10}{numbers[1]:9}{numbers[2]:9}{numbers[3]:6}{numbers[4]:8}{each:8.1f}"


def together(found: dict[str, Tally]) -> Tally:
    """All readers."""
    total = Tally()
    for tally in found.values():
        total.ends += tally.ends
        total.kinds += tally.kinds
        total.seconds += tally.seconds
    return total


def replay(path: Path) -> End:
    """Read a kept input again."""
    one = Input.read(path)
    with TemporaryDirectory() as folder:
        return Desk(one.reader, Path(folder)).read(one)
