"""`python -m tests.hostile fuzz [--inputs N] [--seconds S] [--reader NAME] [--seed N]`, `replay FILE`, and rounds."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tests.hostile import fuzz
from tests.hostile.commands import Round
from tests.hostile.environment import environment
from tests.hostile.killed import kill
from tests.hostile.readers import READERS
from tests.hostile.short import disk, memory
from tests.hostile.together import together

ROUNDS: dict[str, Callable[[int], list[Round]]] = {
    "kill": kill,
    "disk": disk,
    "memory": memory,
    "together": together,
    "environment": environment,
}


def _told(rounds: list[Round]) -> int:
    for one in rounds:
        print(one.told())
    return int(any(one.faults for one in rounds))


def main() -> int:
    """The command line; 1 where something broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    fuzzing = commands.add_parser("fuzz", help="break files and read them")
    fuzzing.add_argument("--inputs", type=int, default=2000)
    fuzzing.add_argument("--seconds", type=float, default=float("inf"))
    fuzzing.add_argument("--seed", type=int, default=1)
    fuzzing.add_argument("--reader", action="append", choices=list(READERS))
    replaying = commands.add_parser("replay", help="read a kept input again")
    replaying.add_argument("file", type=Path)
    for name, default in (("kill", 12), ("disk", 12), ("memory", 12), ("together", 3), ("environment", 0)):
        commands.add_parser(name, help=f"a round of {name}").add_argument("--times", type=int, default=default)
    asked = parser.parse_args()
    if asked.command in ROUNDS:
        return _told(ROUNDS[asked.command](asked.times))
    if asked.command == "replay":
        end = fuzz.replay(asked.file)
        print(f"{end.how}: {end.kind}\n{end.text}")
        return int(end.how not in ("accepted", "refused"))
    print(fuzz.HEAD)
    found = fuzz.fuzz(asked.reader or list(READERS), asked.inputs, asked.seed, asked.seconds)
    total = fuzz.together(found)
    print(fuzz.line("all", total))
    for kind, count in total.kinds.most_common():
        print(f"{count:6}  {kind}")
    return int(any(total.ends[how] for how in ("crash", "slow", "memory")))


if __name__ == "__main__":
    raise SystemExit(main())
