"""Names as they come from pasted cells, old tables and jokers: each breaks some file, page, map or screen that trusts it."""

from __future__ import annotations

HOSTILE = {
    "vertical_tab": "Line 1\x0b north",
    "null": "nul\x00l",
    "escape": "\x1b]0;owned\x07\x1b[31mred\x1b[0m",
    "no_character": "a\ufffeb\uffffc",
    "backwards": "gate\u202egpj.exe\u202c",
    "mathematics": "US$5 per metre and $6 per post",
    "broken_mathematics": "$\\frac{$ and $x_{$",
    "markup": "[bold]rich[/bold] [/nothing]",
    "script": "</script><script>alert(1)</script>",
    "html": "<img src=x onerror=alert(1)> & \"quoted\" 'single'",
    "xml": "]]> <!ENTITY x SYSTEM 'file:///etc/passwd'> &x;",
    "formula": '=HYPERLINK("http://example.org";"gate")',
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-2+3",
    "path": "../../etc/passwd",
    "emoji": "Fence \U0001f98c\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "rare_script": "\ud800\udc00".encode("utf-16", "surrogatepass").decode("utf-16") + " \u16a0\u0e01\u0644",
    "lines": "two\nlines\tand a tab",
    "long": "long " * 400,
    "percent": "%s %d %(name)s {0} {name}",
    "sql": "'; DROP TABLE fences; --",
}

PATHS = {
    "up": "../x",
    "up_and_down": "a/../../b",
    "up_at_the_end": "a/..",
    "whole": "/tmp/otkel-was-here",
    "drive": "C:\\x",
    "drive_alone": "C:x",
    "share": "\\\\host\\share",
    "backslash": "a\\..\\b",
    "home": "~/x",
    "null": "a\x00b",
    "new_line": "a\nb",
    "escape": "a\x1b[2Jb",
    "backwards": "gate\u202egpj.exe",
    "long": "x" * 300,
    "device": "CON",
    "device_with_suffix": "nul.tif",
    "point_at_the_end": "a.",
    "blank_at_the_end": "a ",
    "only_a_point": ".",
    "nothing": "",
    "empty_part": "a//b",
}
"""Names that would be files outside their folder, or none at all, on one system or another."""
