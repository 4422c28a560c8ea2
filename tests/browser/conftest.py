"""A real browser, Debian's Chromium, with the network off."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# No sandbox, because root may have none; nothing of a browser's own that would use a network.
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# Without a graphics card, the canvas that is drawn on takes a core to itself at 60 frames a second.
FEW_FRAMES = """
window.requestAnimationFrame = act => setTimeout(() => act(performance.now()), 100);
window.cancelAnimationFrame = clearTimeout;
"""


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """Chromium, started once; without it or without playwright, the tests are skipped."""
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect.set_options(timeout=60_000)  # a busy machine is not a fault
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield browser
        browser.close()


class Visit:
    """A page: what it asked for, and what it complained about."""

    def __init__(self, browser, address: str, *, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, service_workers="block"
        )
        self.requests, self.errors = [], []
        self.context.add_init_script(FEW_FRAMES)
        self.page = self.context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("requestfailed", lambda request: self.errors.append(f"failed: {request.url[:200]}"))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.goto(address)


@pytest.fixture
def visit(chromium) -> Iterator:
    """Open a page: visit(address, width=..., scheme=...)."""
    visits = []

    def opened(address: str, **options) -> Visit:
        visits.append(Visit(chromium, address, **options))
        return visits[-1]

    yield opened
    for each in visits:
        each.context.close()


@pytest.fixture(scope="session")
def report() -> Path:
    """The committed page."""
    return REPOSITORY / "report" / "index.html"
