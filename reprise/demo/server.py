"""Serve the page on this machine, to this machine only."""

import signal
import sys
import threading
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from reprise import notice
from reprise.demo.page import Page
from reprise.demo.ports import HOST, taken
from reprise.demo.scratch import ENDINGS
from reprise.demo.tabs import blocks
from stages.core.errors import StageError

HOSTS = [HOST, "localhost"]  # any other name is DNS rebinding: a foreign page that was given this address
CLOSED = ("/process_recording",)  # gradio's screen recording: it would run ffmpeg on what is sent
LARGEST_FILE = "20mb"
SANS, MONO = ("system-ui", "sans-serif"), ("ui-monospace", "monospace")


class SameOrigin:
    """Refuses a request that changes something unless it comes from this page, and the routes that the page lacks.

    A browser names the origin of the page that sends such a request; a program on this machine names none. The page's
    own origin is that of `Host`, which TrustedHostMiddleware has checked.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            own, origin = b"http://" + headers.get(b"host", b""), headers.get(b"origin")
            if scope["path"].rstrip("/").endswith(CLOSED):
                await PlainTextResponse("not here", status_code=404)(scope, receive, send)
                return
            if scope["method"] not in ("GET", "HEAD", "OPTIONS") and origin not in (None, own):
                await PlainTextResponse("only this page may send this", status_code=403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def launch(page: Page, port: int) -> gr.Blocks:
    """Serve the page on this machine alone, from threads of its own.

    Raises:
        StageError: the port is taken.
    """
    blue = gr.themes.Color(
        *("#e6f2f9", "#cce5f3", "#99cbe7", "#66b0da", "#3396ce", "#0072b2"),
        *("#0067a0", "#005a8c", "#004b75", "#003c5e", "#002d47"),
    )
    theme = gr.themes.Base(primary_hue=blue, neutral_hue="gray", font=SANS, font_mono=MONO)
    built = blocks(page).queue(max_size=20)
    try:
        built.launch(
            server_name=HOST,
            server_port=port,
            share=False,
            prevent_thread_lock=True,
            quiet=True,
            footer_links=[],
            run_history=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            enable_monitoring=False,
            max_file_size=LARGEST_FILE,
            app_kwargs={"middleware": [Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS), Middleware(SameOrigin)]},
            theme=theme,
            css_paths=Path(__file__).with_name("style.css"),
        )
    except OSError as error:
        raise taken(port) from error
    return built


def serve(port: int) -> None:
    """Load the models, then serve the page until Ctrl-C, SIGTERM or SIGHUP.

    Raises:
        StageError: the port is taken.
    """
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a browser that goes away must not end the server
    ended = threading.Event()
    page = Page()
    for name, model in {
        "autoencoders": "the autoencoders",
        "denoiser": "the denoiser",
        "writer": "the text model",
        "classifier": "the classifier",
    }.items():
        notice(f"loading {model} ...")
        try:
            getattr(page, name)
        except StageError as error:
            print(f"the page works without {model}: {error}", file=sys.stderr)
    built = launch(page, port)
    print(f"http://{HOST}:{port} (Ctrl-C ends it)", flush=True)
    for name in ENDINGS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: ended.set())
    ended.wait()
    built.close(verbose=False)
