"""A valid file -> the same file broken a little: by bits, by words, by cells, by structure; the same random numbers, the same file."""

from __future__ import annotations

import copy
import csv
import gzip
import io
import json
import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import yaml

WORDS = [
    "",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "-1",
    "0",
    "1e308",
    "9" * 400,
    "x",
    "1,5",
    " 5 ",
    "true",
    "None",
    "null",
    "0x1F",
    "1_0",
    "-0",
    "1e-320",
    ".",
    "-",
    "1e",
    "\u0661\u0662",
    "\u00bd",
    "180",
    "181",
    "-90",
    "2024-02-30T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "2024-01-15T14:21:33+99:00",
    "2024-01-15T24:00:00Z",
    "2024-13-01",
    "gap:2024-03-09/2024-03-01",
    "gap:0001-01-01/9999-12-31",
    "control_of:nobody",
    "a|b|c:d",
    "<script>",
    "=1+1",
    "\x00",
    "a\x00b",
    "\x1b[31m",
    "\u202e",
    "\U0001f600",
    "\n",
    '"',
    "a" * 40_000,
    "../../../etc/passwd",
    "/etc/passwd",
    "/dev/null",
    ".",
    "..",
    "http://127.0.0.1:9/x.tif",
    "/vsicurl/http://127.0.0.1:9/x.tif",
    "%(habitat_file)s",
    "${x}",
    "[",
    "{a: b",
    "&a [*a]",
    "!!python/name:os.system",
    "!!binary x",
    "!!timestamp x",
    "2024-13-45",
    "1:99:99",
    "%Q",
    "%",
    "%d.%m.%Y",
    "EPSG:0",
    "EPSG:4326",
    "+proj=bogus",
    "PROJCS[",
    "baseline",
    "border",
    "Asia/Aqtau",
    "Asia/",
    "../x",
    "posix",
    "utf-7",
    "idna",
    "rot13",
    "hex",
    "cp1251",
    "mbcs",
    "[" * 2000,
    "{a: " * 900,
    "{[]: 1}",
]
"""What people and programs have put where something else was meant."""

VALUES: list[Any] = [
    None,
    "",
    [],
    {},
    True,
    False,
    0,
    -1,
    1,
    0.5,
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
    float("-inf"),
    10**400,
    -(10**30),
    2**63,
    2**64,
    1e-320,
    [1, 2],
    ["a"] * 1000,
    {"a": 1},
    [[]],
    [None],
    ["x", None, 1],
    {"": ""},
    {None: 1},
    {1: 2},
    *WORDS,
]

TOKENS = [
    b"\n",
    b"\r",
    b"\t",
    b": ",
    b"- ",
    b"&a ",
    b"*a",
    b"!!str ",
    b"!!set ",
    b"!!omap ",
    b"!!int ",
    b"!!float ",
    b"<<: ",
    b"? ",
    b"|",
    b">",
    b'"',
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b"#",
    b"---\n",
    b"%YAML 9.1\n",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"=",
    b";",
    b",",
    b"9" * 400,
    b"1e999",
    b"nan",
    b"-inf",
    b"0x",
    b"\x1b[2J",
    b".inf",
    b"1:30:00",
    b"\xe2\x80\xae",
    b"\x85",
    b"\xe2\x80\xa8",
    b"[" * 5000,
    b"{a: " * 2000,
]

BINARY = (".tif", ".gpkg", ".npz", ".step", ".fgb", ".shp", ".shx", ".dbf", ".pbf", ".kmz", ".dat", ".map", ".id")


def mutated(name: str, raw: bytes, rng: random.Random) -> bytes:
    """The bytes of a file, broken in a way that suits its kind."""
    if name.endswith(".gz"):
        inner = mutated(name[:-3], gzip.decompress(raw), rng)
        packed = gzip.compress(inner, 1, mtime=0)
        return rng.choice([packed, packed, inner, of_bytes(packed, rng), packed[: len(packed) // 2], packed + packed])
    if rng.random() < 0.02:
        return rng.choice([b"", b"\n", b"\x00" * 100, b"\xff\xfe", raw[: len(raw) // 2], raw + raw])
    ways = _ways(name)
    try:
        return rng.choice(ways)(raw, rng)
    except (ValueError, yaml.YAMLError, RecursionError, UnicodeError):
        return of_bytes(raw, rng)


def _ways(name: str) -> list[Callable[[bytes, random.Random], bytes]]:
    """How a file of a name is broken; what stands twice happens twice as often."""
    if name.endswith(BINARY):
        return [of_bytes, of_bytes, of_header, cut]
    if name.endswith((".yaml", ".yml")):
        return [of_yaml, of_yaml, of_yaml, of_lines, of_bytes]
    if name.endswith((".json", ".geojson")):
        return [of_json, of_json, of_json, of_bytes]
    if name.endswith(".csv"):
        return [of_cells, of_cells, of_cells, of_lines, of_bytes, encoded]
    if name.endswith(".value"):
        return [of_value]
    return [of_words, of_words, of_lines, of_bytes, encoded]


def of_bytes(raw: bytes, rng: random.Random) -> bytes:
    """Bits flipped, bytes set, pieces dropped, doubled, moved, tokens of file formats put in."""
    out = bytearray(raw)
    for _ in range(rng.choice([1, 1, 2, 3, 8, 30])):
        if not out:
            break
        i, what = rng.randrange(len(out)), rng.random()
        if what < 0.35:
            out[i] ^= 1 << rng.randrange(8)
        elif what < 0.5:
            out[i] = rng.choice([0, 255, 127, 128, rng.randrange(256)])
        elif what < 0.6:
            del out[i : i + rng.choice([1, 2, 5, 20, 100])]
        elif what < 0.7:
            out[i:i] = out[i : i + rng.choice([1, 5, 50, 200])]
        elif what < 0.73:
            del out[i:]
        elif what < 0.9:
            out[i:i] = rng.choice(TOKENS)
        else:
            j, k = rng.randrange(len(out)), rng.randrange(len(out))
            out[k:k] = out[min(i, j) : min(i, j) + 300]
    return bytes(out)


def of_header(raw: bytes, rng: random.Random) -> bytes:
    """Only the first 600 bytes or the last 2000, where formats say what follows."""
    out = bytearray(raw)
    for _ in range(rng.choice([1, 1, 2, 4])):
        i = (
            rng.randrange(min(600, len(out)))
            if rng.random() < 0.6
            else len(out) - 1 - rng.randrange(min(2000, len(out)))
        )
        out[i] = rng.choice([0, 1, 255, 127, 128, out[i] ^ (1 << rng.randrange(8)), rng.randrange(256)])
    return bytes(out)


def cut(raw: bytes, rng: random.Random) -> bytes:
    """The beginning, as a broken copy leaves it."""
    return raw[: rng.randrange(len(raw) + 1)]


def encoded(raw: bytes, rng: random.Random) -> bytes:
    """The same text, or one with a Cyrillic word, in another encoding."""
    text = raw.decode("utf-8", "replace")
    if rng.random() < 0.5:
        i = rng.randrange(len(text) + 1)
        text = text[:i] + "\u043a\u0443\u043b\u0430\u043d" + text[i:]
    return text.encode(
        rng.choice(["utf-16", "utf-16-le", "utf-8-sig", "cp1251", "utf-32", "utf-7", "cp037"]), "replace"
    )


def of_lines(raw: bytes, rng: random.Random) -> bytes:
    """Lines doubled, dropped, swapped, indented otherwise."""
    lines = raw.split(b"\n")
    for _ in range(rng.choice([1, 1, 2, 5])):
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        what = rng.randrange(5)
        if what == 0:
            lines.insert(j, lines[i])
        elif what == 1 and len(lines) > 1:
            del lines[i]
        elif what == 2:
            lines[i], lines[j] = lines[j], lines[i]
        elif what == 3:
            lines[i] = b" " * rng.randrange(1, 5) + lines[i].lstrip()
        else:
            lines[i] = lines[i] + rng.choice(TOKENS)
    return b"\n".join(lines)


def of_words(raw: bytes, rng: random.Random) -> bytes:
    """Words and numbers of a text replaced, dropped or added."""
    parts = re.split(rb"(\s+|,|=|;)", raw)
    for _ in range(rng.choice([1, 1, 2, 4])):
        there = [i for i, part in enumerate(parts) if part.strip()]
        if not there:
            break
        i, what = rng.choice(there), rng.random()
        word = rng.choice(WORDS).encode("utf-8", "replace")
        parts[i] = (
            word if what < 0.6 else b"" if what < 0.75 else parts[i] + word if what < 0.85 else parts[rng.choice(there)]
        )
    return b"".join(parts)


def of_cells(raw: bytes, rng: random.Random) -> bytes:
    """Cells, rows and columns of a CSV table; names of columns."""
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8"))))
    for _ in range(rng.choice([1, 1, 2, 4])):
        i, what = rng.randrange(len(rows)), rng.random()
        if not rows[i]:
            continue
        j = rng.randrange(len(rows[i]))
        if what < 0.55:
            rows[i][j] = rng.choice(WORDS)
        elif what < 0.63:
            rows.insert(rng.randrange(len(rows) + 1), list(rows[i]))
        elif what < 0.69 and len(rows) > 1:
            del rows[i]
        elif what < 0.74:
            rows[i].append(rng.choice(WORDS))
        elif what < 0.79:
            del rows[i][j]
        elif what < 0.86:
            for row in rows[1:]:
                row[j : j + 1] = [rng.choice(WORDS)]
        elif what < 0.93:
            rows[0] = [rng.choice([name, name, name.upper(), rng.choice(WORDS)]) for name in rows[0]]
        else:
            for row in rows:
                del row[j : j + 1]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8", "replace")


def of_yaml(raw: bytes, rng: random.Random) -> bytes:
    """Keys and values of a YAML file."""
    text = yaml.dump(of_tree(_tree(raw), rng), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    return str(text).encode("utf-8", "surrogatepass")


@cache
def _tree(raw: bytes) -> Any:
    """Plain data of a valid YAML file; `of_tree` works on copies."""
    return yaml.load(raw, yaml.CSafeLoader)


def of_json(raw: bytes, rng: random.Random) -> bytes:
    """Keys and values of a JSON file; sometimes a key stands twice."""
    text = json.dumps(of_tree(json.loads(raw), rng), default=str, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.1 and text.startswith('{"'):
        text = '{"format": 3, "runs": 1, ' + text[1:]
    return text.encode("utf-8", "surrogatepass")


def of_value(raw: bytes, rng: random.Random) -> bytes:
    """A ``key=value`` of the command line, with another key or value."""
    key, _, value = raw.decode("utf-8").partition("=")
    what = rng.random()
    if what < 0.55:
        value = rng.choice(WORDS)
    elif what < 0.8:
        value = (
            yaml.safe_dump(_value(rng, yaml.safe_load(value)), default_flow_style=True, allow_unicode=True)
            .strip()
            .removesuffix("...")
        )
    else:
        key = rng.choice(
            [
                f"{key}.x",
                f".{key}",
                f"{key}.",
                "..",
                key.upper(),
                key[::-1],
                f"{key}.{key}",
                rng.choice(WORDS),
                key * 50,
            ]
        )
    return f"{key}={value}".encode("utf-8", "surrogatepass")


def of_tree(tree: Any, rng: random.Random) -> Any:
    """Plain data with some node replaced, dropped, doubled, renamed or taken from elsewhere."""
    tree = copy.deepcopy(tree)
    for _ in range(rng.choice([1, 1, 1, 1, 2, 3])):
        places = list(_places(tree))
        at = rng.choice(places)
        if not at:
            if rng.random() < 0.03:
                return _value(rng, tree)
            continue
        _change(_get(tree, at[:-1]), at[-1], _get(tree, rng.choice(places)), rng)
    return tree


def _change(parent: Any, key: Any, other: Any, rng: random.Random) -> None:
    what = rng.random()
    if what < 0.62:
        parent[key] = _value(rng, parent[key])
    elif what < 0.74:
        del parent[key]
    elif what < 0.82 and isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    elif what < 0.9 and isinstance(parent, dict):
        name = rng.choice([*WORDS, 1, None, True, f"{key} ", str(key).upper(), str(key) * 60])
        parent[name] = parent.pop(key)
    else:
        parent[key] = copy.deepcopy(other)


def _value(rng: random.Random, old: Any) -> Any:
    """Something else than what was meant, mostly near it."""
    if isinstance(old, int | float) and not isinstance(old, bool) and rng.random() < 0.5:
        near = [
            -old,
            old * 1e6,
            old * 1e-6,
            old * 1e300,
            0,
            old + 1e-9,
            str(old),
            2**31,
            10**400,
            -0.0,
            True,
            [old],
            old + rng.gauss(0, 1) * abs(old),
        ]
        return rng.choice(near)
    if isinstance(old, str) and rng.random() < 0.4:
        i = rng.randrange(len(old) + 1)
        odd = rng.choice(
            [
                "\u202e",
                "\x1b[31m",
                "\n",
                '"',
                "'",
                "<",
                "../",
                " ",
                "\t",
                "\U0001f600",
                "\x7f",
                "\x85",
                "*",
                "[",
                "%",
                "\x00",
            ]
        )
        return rng.choice(
            [old[:i] + odd + old[i:], old.upper(), old * 50, old[::-1], [old], {old: old}, f"{old} ", old[:i]]
        )
    if rng.random() < 0.04:
        return _deep(rng.choice([5, 50, 400, 3000]), rng)
    return copy.deepcopy(rng.choice(VALUES))


def _deep(levels: int, rng: random.Random) -> Any:
    out: Any = 1
    as_list = rng.random() < 0.5
    for _ in range(levels):
        out = [out] if as_list else {"a": out}
    return out


def _places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if len(at) < 30:
        for key in tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
            yield from _places(tree[key], (*at, key))


def _get(tree: Any, at: tuple[Any, ...]) -> Any:
    for key in at:
        tree = tree[key]
    return tree
