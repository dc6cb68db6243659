"""A headless Chromium for tests of pages, driven by Playwright; nothing is installed here, and without one tests skip."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

SOFTWARE_GL = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")


def chromium() -> str:
    """Path of a Chromium on this machine; skips the test where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = os.environ.get("OTKEL_CHROMIUM") or next((p for p in map(shutil.which, names) if p), None)
    if found is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium, or set OTKEL_CHROMIUM)")
    return found


@contextmanager
def launched() -> Iterator[Any]:
    """A browser that draws without a graphics card."""
    path = chromium()
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install otkel[test])")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(SOFTWARE_GL))
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page from disk with the network off; ``faults`` are errors that it told, ``fetched`` what it asked for."""

    page: Any
    faults: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def with_map(self) -> Opened:
        """Once the first map is drawn."""
        self.page.wait_for_selector("html[data-first-map-ms]", state="attached", timeout=60_000)
        return self


@contextmanager
def opened(browser: Any, path: Path, **settings: Any) -> Iterator[Opened]:
    """Open a file; anything that the page complains about on the way fails the test at the end."""
    context = browser.new_context(
        **{"offline": True, "viewport": {"width": 1366, "height": 768}, "locale": "en-GB"} | settings
    )
    one = Opened(page=context.new_page())
    one.page.on("console", lambda m: one.faults.append(m.text) if m.type in ("error", "warning") else None)
    one.page.on("pageerror", lambda error: one.faults.append(str(error)))
    one.page.on("request", lambda request: one.fetched.append(request.url))
    one.page.goto(path.as_uri())
    yield one
    context.close()
    own = [url for url in one.fetched if not url.startswith(("blob:", "data:")) and url != path.as_uri()]
    assert one.faults == [] and own == []
