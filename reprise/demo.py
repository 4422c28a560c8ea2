"""reprise demo: a page on this machine to try the models; nothing is sent anywhere."""

import argparse
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from reprise import notice, pictures, repository
from reprise.digits import DATA, Autoencoder, Denoiser, autoencoder_file
from reprise.reviews import FOREIGN, Classifier
from reprise.text import READ, Writer
from stages.core import artifacts, image_quality
from stages.core.digits import scaled
from stages.core.errors import StageError
from stages.datasets.prepare import prepared
from stages.denoiser import baselines
from stages.denoiser.preprocess import add_noise
from stages.params import PATH, setting
from stages.sentiment.scores import CLASSES

# Read by gradio and huggingface_hub when they are imported: no statistics, no look for a newer version.
os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
try:
    import gradio as gr
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import PlainTextResponse
except ImportError as missing:
    raise StageError(f"the page needs {missing.name}: `make demo` installs it and starts the page") from missing

HOST = "127.0.0.1"
HOSTS = [HOST, "localhost"]  # any other name is DNS rebinding: a foreign page that was given this address
CLOSED = "/process_recording"  # gradio's screen recording: it would run ffmpeg on what is sent
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CACHE = (600, 3600)  # seconds between two looks for old files of the page, and from when on one is old
LONGEST_TEXT = 2000  # characters written
LONGEST_REVIEW = 20_000  # characters read
SECONDS = 60  # that one text may take
EVERY = 0.1  # seconds between two updates of a text that is being written
CANVAS = 280  # pixels on each side, a multiple of a digit's
SHOWN = 6  # pixels of the page for one of a digit
LITTLE = 0.05  # log odds that are not shown
FOR, AGAINST = "#0072b2", "#b84f00"  # Okabe and Ito's blue, and a darker orange: white is read on both
# Galleries as high as their pictures, as many side by side as fit; words on marks in the colour of all text.
STYLE = """
#copies .grid-wrap, #restored .grid-wrap { min-height: 0; max-height: none }
#copies .grid-container, #restored .grid-container { grid-template: auto / repeat(auto-fit, minmax(130px, 1fr)) }
#copies .caption-label, #restored .caption-label { max-width: 100% }
#pieces .highlighted .text { color: var(--body-text-color) }
"""
REVIEWS = (
    "This film is not good.",
    "A film I will not forget: great music and a wonderful cast.",
    "The worst acting I have seen in years, and the plot makes no sense. But I loved every minute of it.",
)
PROMPTS = ("ROMEO:", "To be, or not to be, ", "def main():")
# The canvas does not draw before its brush is chosen, and gives it up when it is cleared: choose it for the user. For
# two seconds, since the canvas may still be working; its button "Brush Size" is there while the brush is chosen.
TAKE_BRUSH = """() => {
let looks = 0;
const wait = setInterval(() => {
  const brush = document.querySelector('#canvas button[aria-label="Brush"]');
  if (!brush) return;
  if (!document.querySelector('#canvas button[aria-label="Brush Size"]')) brush.click();
  if (++looks === 20) clearInterval(wait);
}, 100);
}"""


def salt_and_pepper(digit: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A share of the pixels black or white."""
    return np.where(rng.random(digit.shape) < share, rng.integers(0, 2, digit.shape), digit).astype(np.float32)


def covered(digit: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A square somewhere in the middle made black, its side a share of 20 pixels."""
    side = round(20 * share)
    top, left = rng.integers(4, 25 - side, 2)
    damaged = digit.copy()
    damaged[..., top : top + side, left : left + side] = 0
    return damaged


DAMAGES = {"noise, as in training": add_noise, "salt and pepper": salt_and_pepper, "a covered square": covered}


class Page:
    """What the page does. A model is loaded when it is first used, and tried again where it was missing."""

    @cached_property
    def autoencoders(self) -> list[Autoencoder]:
        """One for each size of the code in `autoencoder.compare_latents`, smallest first."""
        sizes = setting("autoencoder.compare_latents", repository(PATH))
        return [Autoencoder(autoencoder_file(latent)) for latent in sorted(set(sizes))]

    @cached_property
    def denoisers(self) -> dict[str, Denoiser]:
        """Both, by name."""
        return {name: Denoiser(repository(f"models/denoiser-{name}.keras")) for name in ("dense", "conv")}

    @cached_property
    def writer(self) -> Writer:
        """The text model."""
        return Writer()

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier of reviews."""
        return Classifier()

    @cached_property
    def digits(self) -> dict[str, np.ndarray]:
        """The preprocessed digits."""
        return artifacts.read_npz(repository(DATA))

    def test_digit(self, number: float | None) -> tuple[dict[str, Any], str]:
        """A test digit for the canvas, and what it is; of no number: a random one."""
        count = len(self.digits["test"])
        row = int(np.random.default_rng().integers(count)) if number is None else int(number) % count
        name = f"Test digit {row:,} of {count:,}: a {self.digits['test_labels'][row]}."
        return on_canvas(scaled(self.digits["test"][row])), name

    def upload(self, path: str) -> tuple[dict[str, Any], str]:
        """A picture of a digit, light on dark or dark on light, for the canvas."""
        try:
            grey = pictures.grey(pictures.read(path))
            return on_canvas(prepared(1 - grey if grey.mean() > 0.5 else grey)), "Your picture, prepared as MNIST was."
        except StageError as error:  # without the path of a temporary folder
            raise StageError(str(error).replace(f"{Path(path).parent}{os.sep}", "")) from error

    def copies(self, drawing: dict[str, Any] | None) -> list[tuple[np.ndarray, str]]:
        """What is on the canvas, through every autoencoder: pictures with captions."""
        digit = digit_of(drawing)
        if digit is None:
            return []
        shown = [(_enlarged(digit), "28 × 28 pixels")]
        for autoencoder in self.autoencoders:
            copy = autoencoder.reconstruct(digit)
            shown.append((_enlarged(copy), f"{autoencoder.latent} numbers: {_psnr(digit, copy)}"))
        return shown

    def restored(self, drawing: dict[str, Any] | None, damage: str, strength: float) -> list[tuple[np.ndarray, str]]:
        """What is on the canvas damaged and restored: pictures with captions."""
        digit = digit_of(drawing)
        if digit is None:
            return []
        seen = DAMAGES[damage](digit, strength, np.random.default_rng(7))
        images = {"damaged": seen, "median": baselines.median(seen)}
        images |= {name: denoiser.denoise(seen) for name, denoiser in self.denoisers.items()}
        return [(_enlarged(image), f"{name}: {_psnr(digit, image)}") for name, image in images.items()]

    def write(self, prompt: str, temperature: float, length: int, seed: str) -> Iterator[tuple[str, str]]:
        """A text that goes on from the prompt, as it grows, and its seed."""
        if seed and not seed.isdecimal():
            raise StageError(f"the seed is {seed!r}; it should be a whole number, or nothing")
        writer, begun, seen = self.writer, time.monotonic(), 0.0
        number = int(seed) if seed else int(np.random.default_rng().integers(2**31))
        if len(prompt) > READ:
            gr.Warning(f"Of the prompt's {len(prompt):,} characters the last {READ:,} are read.")
            prompt = prompt[-READ:]
        if unknown := writer.unknown(prompt):
            more = " ..." if len(unknown) > 20 else ""
            gr.Warning(escape(f"Not in the vocabulary, read as unknown: {' '.join(unknown[:20])}{more}"))
        text = prompt
        for (character,) in writer.stream(prompt, [temperature], length=min(int(length), LONGEST_TEXT), seed=number):
            text += character
            now = time.monotonic()
            if now - begun > SECONDS:
                gr.Warning(f"Stopped after {SECONDS} seconds.")
                break
            if now - seen > EVERY:
                seen = now
                yield text, f"Seed {number}"
        yield text, f"Seed {number}"

    def judge(self, review: str, threshold: float) -> tuple[str, dict[str, float], list[tuple[str, str | None]]]:
        """A review: the verdict, the probabilities, and its pieces with what each adds to the log odds, if much."""
        if len(review) > LONGEST_REVIEW:
            raise StageError(f"the review has {len(review):,} characters; {LONGEST_REVIEW:,} are the most that is read")
        (verdict,) = self.classifier.judge([review])
        if verdict.probability is None:
            return "No word of it is in the vocabulary: write a review.", {}, []
        probability = verdict.probability
        label = f"**{CLASSES[int(probability >= threshold)]}** at the threshold {threshold:.2f}"
        if verdict.foreign:
            label += f". But {FOREIGN}."
        pieces = [
            (piece, f"{value:+.2f}" if value is not None and abs(value) >= LITTLE else None)
            for piece, value in self.classifier.explain(review)
        ]
        return label, {"positive": probability, "negative": 1 - probability}, pieces

    def tuned_threshold(self) -> float:
        """The threshold that validation chose, to two places."""
        try:
            return round(self.classifier.tuned_threshold(), 2)
        except StageError:
            return 0.5


def on_canvas(digit: np.ndarray) -> dict[str, Any]:
    """What the canvas holds where a digit, shape (28, 28), has been put on it: black ink."""
    scale = CANVAS // len(digit)
    ink = np.zeros((CANVAS, CANVAS, 4), np.uint8)
    ink[..., 3] = np.kron(np.rint(255 * digit), np.ones((scale, scale)))
    return {"background": None, "layers": [ink], "composite": ink}


def digit_of(drawing: dict[str, Any] | None) -> np.ndarray | None:
    """The digit on the canvas, shape (1, 28, 28), light on dark; None where it is empty."""
    layers = (drawing or {}).get("layers") or []
    ink = np.max([layer[..., -1] for layer in layers], axis=0) / 255 if layers else np.zeros((1, 1))
    if not ink.any():
        return None
    scale = CANVAS // 28
    small = ink[scale // 2 :: scale, scale // 2 :: scale]
    if ink.shape == (CANVAS, CANVAS) and np.array_equal(np.kron(small, np.ones((scale, scale))), ink):
        return small[None].astype(np.float32)  # it was put there by `on_canvas`
    return prepared(ink)[None]


def _enlarged(image: np.ndarray) -> np.ndarray:
    """An image, shape (1, 28, 28), its pixels as squares: browsers would blur them."""
    return np.kron(np.rint(np.clip(image[0], 0, 1) * 255), np.ones((SHOWN, SHOWN))).astype(np.uint8)


def _psnr(clean: np.ndarray, image: np.ndarray) -> str:
    return f"{image_quality.psnr(clean, image)[0]:.1f} dB"


def told(action: Callable[..., Any]) -> Callable[..., Any]:
    """An action of the page whose bad input and missing models are a message on it."""

    def run(*arguments: Any) -> Any:
        try:
            return action(*arguments)
        except StageError as error:
            raise gr.Error(escape(str(error), quote=False), print_exception=False) from error

    return run


def blocks(page: Page) -> gr.Blocks:
    """The page: three tabs, each with its inputs on the left or above and its outputs on the right or below."""
    with gr.Blocks(title="Reprise", analytics_enabled=False, fill_width=True, delete_cache=CACHE) as built:
        gr.Markdown("# Reprise\nFour small networks to try. Everything is computed on this machine.")
        with gr.Tab("Digits"):
            _digits(page, built)
        with gr.Tab("Text"):
            _text(page)
        with gr.Tab("Reviews"):
            _reviews(page, built)
    return built


def _digits(page: Page, built: gr.Blocks) -> None:
    gr.Markdown(
        "Draw a digit. Autoencoders encode it as a few numbers and decode it again; denoisers, trained on noise alone, "
        "restore it from other damage too, or fail to, beside a median filter. PSNR in dB: higher is nearer."
    )
    with gr.Row():
        with gr.Column(min_width=320):
            canvas = gr.Sketchpad(
                label="Your digit",
                canvas_size=(CANVAS, CANVAS),
                fixed_canvas=True,
                layers=False,
                transforms=(),
                brush=gr.Brush(default_size=14, colors=["#000000"], color_mode="fixed"),
                buttons=[],
                format="png",
                elem_id="canvas",
            )
            about = gr.Markdown(elem_id="about")
            with gr.Row():
                number = gr.Number(0, label="Test digit", precision=0, minimum=0, min_width=90, elem_id="number")
                random = gr.Button("Random", min_width=80, elem_id="random")
                upload = gr.UploadButton("Upload", min_width=80, elem_id="upload")
        with gr.Column(min_width=320, scale=2):
            options = {"format": "png", "buttons": [], "object_fit": "contain"}
            copies = gr.Gallery(label="Encoded and decoded", elem_id="copies", **options)
            with gr.Row():
                damage = gr.Dropdown(list(DAMAGES), label="Damage", min_width=240, elem_id="damage")
                strength = gr.Slider(0.05, 1, 0.5, step=0.05, label="Strength", elem_id="strength")
            restored = gr.Gallery(label="Damaged and restored", elem_id="restored", **options)
    quiet = {"trigger_mode": "always_last", "show_progress": "hidden"}
    shown = [canvas, damage, strength]
    canvas.change(told(page.copies), canvas, copies, **quiet)
    gr.on([canvas.change, damage.change, strength.change], told(page.restored), shown, restored, **quiet)
    gr.on([built.load, number.change], told(page.test_digit), number, [canvas, about], **quiet)
    random.click(told(lambda: page.test_digit(None)), None, [canvas, about], **quiet)
    upload.upload(told(page.upload), upload, [canvas, about])
    gr.on([built.load, canvas.clear], None, js=TAKE_BRUSH)
    _cards("autoencoder", "denoiser-dense", "denoiser-conv")


def _text(page: Page) -> None:
    gr.Markdown("A network continues your text, one character at a time, as the text it was trained on would go on.")
    with gr.Row():
        with gr.Column(min_width=260):
            prompt = gr.Textbox(PROMPTS[0], label="Beginning", lines=2, max_length=READ, elem_id="prompt")
            gr.Examples(list(PROMPTS), prompt)
            temperature = gr.Slider(
                *(0.1, 1.5, 0.6), step=0.1, label="Temperature", info="low: safe, high: wild", elem_id="temperature"
            )
            length = gr.Slider(100, LONGEST_TEXT, 600, step=100, label="Length", elem_id="length")
            # Not a gr.Number: an empty one is 0 for gradio.
            seed = gr.Textbox("", label="Seed", placeholder="a new one each time", max_lines=1, elem_id="seed")
            with gr.Row():
                write = gr.Button("Write", variant="primary", min_width=80, elem_id="write")
                stop = gr.Button("Stop", min_width=80, elem_id="stop")
        with gr.Column(min_width=300, scale=2):
            text = gr.Textbox(label="Text", lines=18, max_lines=18, interactive=False, buttons=["copy"], elem_id="text")
            used = gr.Markdown(elem_id="used")

    def writing(*arguments: Any) -> Iterator[tuple[str, str]]:
        try:
            yield from page.write(*arguments)
        except StageError as error:
            raise gr.Error(escape(str(error), quote=False), print_exception=False) from error

    running = write.click(writing, [prompt, temperature, length, seed], [text, used], show_progress="hidden")
    stop.click(None, cancels=[running])
    _cards("textgen")


def _reviews(page: Page, built: gr.Blocks) -> None:
    gr.Markdown("Is a film review positive or negative, and which words decide it?")
    with gr.Row():
        with gr.Column(min_width=300):
            review = gr.Textbox(
                REVIEWS[0], label="Review", lines=6, max_lines=12, max_length=LONGEST_REVIEW, elem_id="review"
            )
            gr.Examples(list(REVIEWS), review)
            threshold = gr.Slider(
                *(0.01, 0.99, page.tuned_threshold()),
                step=0.01,
                label="Threshold: positive from this probability on",
                elem_id="threshold",
            )
            judge = gr.Button("Classify", variant="primary", elem_id="judge")
        with gr.Column(min_width=300):
            verdict = gr.Markdown(elem_id="verdict")
            probability = gr.Label(label="Probability", show_heading=False, elem_id="probability")
            pieces = gr.HighlightedText(
                label="What each word adds; in a longer review, each sentence", elem_id="pieces"
            )
            gr.Markdown(
                "+1.20: without this word the log odds of a positive review would be 1.20 lower. Blue speaks for "
                "positive, orange against it."
            )
    curve = _thresholds()
    gr.LinePlot(
        curve,
        x="threshold",
        y="value",
        color="measure",
        title="On test reviews: what a threshold costs",
        y_title="share",
        height=260,
        visible=curve is not None,
    )
    quick = {"trigger_mode": "always_last", "show_progress": "hidden"}

    def judged(*arguments: Any) -> tuple[Any, ...]:
        verdict, probabilities, found = page.judge(*arguments)
        colours = {value: FOR if value.startswith("+") else AGAINST for _, value in found if value}
        return verdict, probabilities, gr.HighlightedText(found, color_map=colours)

    outputs = [verdict, probability, pieces]
    gr.on([judge.click, built.load, threshold.release], told(judged), [review, threshold], outputs, **quick)
    _cards("sentiment")


def _thresholds() -> Any:
    """Precision and recall on test reviews at each threshold, a data frame; None where the report was not made."""
    try:
        table = artifacts.read_csv(repository("plots/sentiment/thresholds.csv")).rename(columns={"method": "measure"})
    except StageError:
        return None
    return table[table["measure"].isin(["precision", "recall"])]


def _cards(*names: str) -> None:
    """The models' cards, folded."""
    for name in names:
        path = repository(f"report/cards/{name}.md")
        if path.is_file():
            with gr.Accordion(f"Model card: {name}", open=False):
                gr.Markdown(artifacts.read_text(path))


class SameOrigin:
    """Refuses a request that changes something unless it comes from this page, and the routes that the page lacks.

    A browser names the origin of the page that sends such a request; a program on this machine names none. The page's
    own origin is that of `Host`, which TrustedHostMiddleware has checked.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application."""
        app = self.app
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            own, origin = b"http://" + headers.get(b"host", b""), headers.get(b"origin")
            if scope["path"].rstrip("/").endswith(CLOSED):
                app = PlainTextResponse("not here", status_code=404)
            elif scope["method"] not in ("GET", "HEAD", "OPTIONS") and origin not in (None, own):
                app = PlainTextResponse("only this page may send this", status_code=403)
        await app(scope, receive, send)


def launch(page: Page, port: int) -> gr.Blocks:
    """Serve the page on this machine alone, from threads of its own."""
    built = blocks(page).queue(max_size=20)
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
        max_file_size="20mb",
        app_kwargs={"middleware": [Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS), Middleware(SameOrigin)]},
        css=STYLE,
        theme=gr.themes.Base(primary_hue="blue", neutral_hue="gray", font=("system-ui", "sans-serif")),
    )
    return built


def check_port(port: int) -> None:
    """See that nothing listens on a port, before the models are loaded."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server: a port just left is free
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise StageError(f"port {port} is taken; --port names another") from error


def main(options: argparse.Namespace) -> None:
    """Load the models and serve the page until Ctrl-C, SIGTERM or SIGHUP."""
    check_port(options.port)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a browser that goes away must not end the server
    page, ended = Page(), threading.Event()
    for name in ("autoencoders", "denoisers", "writer", "classifier"):
        notice(f"loading the {name} ...")
        try:
            getattr(page, name)
        except StageError as error:
            print(f"the page works without the {name}: {error}", file=sys.stderr)
    built = launch(page, options.port)
    print(f"http://{HOST}:{options.port} (Ctrl-C ends it)", flush=True)
    for ending in ENDINGS:
        if signal.getsignal(ending) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(ending, lambda *_: ended.set())
    ended.wait()
    built.close(verbose=False)
