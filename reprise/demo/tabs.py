"""The layout of the page: four tabs, each with its inputs and its outputs."""

from typing import Any

import gradio as gr

from reprise.demo.page import CANVAS, LONGEST_REVIEW, LONGEST_TEXT, THRESHOLDS, Page
from reprise.generate import READ

REVIEW = (
    "The worst acting I have seen in years, and the plot makes no sense. But I loved every minute of it: "
    "great music, a wonderful cast, and the funniest last scene ever."
)
# The canvas does not draw before its brush is chosen, and gives it up when it is cleared: choose it for the user. For
# two seconds, since the canvas may still be working; its button "Brush Size" is there while the brush is chosen.
TAKE_BRUSH = """
let looks = 0;
const wait = setInterval(() => {
  const brush = document.querySelector('#canvas button[aria-label="Brush"]');
  if (!brush) return;
  if (!document.querySelector('#canvas button[aria-label="Brush Size"]')) brush.click();
  if (++looks === 20) clearInterval(wait);
}, 100);
"""


def blocks(page: Page) -> gr.Blocks:
    """The page: four tabs, each with its inputs on the left or above and its outputs on the right or below."""
    with gr.Blocks(title="Reprise", analytics_enabled=False, fill_width=True) as built:
        gr.Markdown("# Reprise\nFour small networks to try. Everything is computed on this machine.")
        with gr.Tab("Autoencoder"):
            _autoencoder(page, built)
        with gr.Tab("Denoiser"):
            _denoiser(page, built)
        with gr.Tab("Text"):
            _text(page)
        with gr.Tab("Sentiment"):
            _sentiment(page, built)
    return built


def _autoencoder(page: Page, built: gr.Blocks) -> None:
    gr.Markdown("Draw a digit. The autoencoders encode it as a few numbers and decode it again.")
    sample = page.sample()
    with gr.Row():
        with gr.Column(min_width=340):
            canvas = gr.Sketchpad(
                sample,
                label="Your digit",
                canvas_size=(CANVAS, CANVAS),
                fixed_canvas=True,
                layers=False,
                transforms=(),
                brush=gr.Brush(default_size=14, colors=["#000000"], color_mode="fixed"),
                buttons=[],
                elem_id="canvas",
            )
            upload = gr.UploadButton("… or a picture of a digit", size="sm", elem_id="upload")
        with gr.Column(min_width=300, scale=2):
            copies = gr.HTML(_first_copies(page, sample), elem_id="copies")
    canvas.change(page.draw, canvas, copies, trigger_mode="always_last", show_progress="hidden")
    upload.upload(page.upload, upload, copies)
    gr.on([built.load, canvas.clear], None, js=f"() => {{ {TAKE_BRUSH} }}")


def _first_copies(page: Page, sample: dict[str, Any] | None) -> str:
    """The sample digit through every autoencoder, or the invitation to draw where a model is missing."""
    try:
        return page.draw(sample)
    except gr.Error:
        return page.draw(None)


def _denoiser(page: Page, built: gr.Blocks) -> None:
    gr.Markdown("Noise is added to a test digit, and two methods remove it.")
    with gr.Row():
        std = gr.Slider(
            *(0.05, 1, 0.5),
            step=0.05,
            label="Noise",
            info="standard deviation; black is 0, white is 1",
            elem_id="noise",
        )
        number = gr.Slider(
            *(0, page.last_digit(), 0), step=1, label="Digit", info="of the test digits", elem_id="digit"
        )
    digits = gr.HTML(elem_id="denoised")
    gr.on(
        [std.change, number.change, built.load],
        page.denoise,
        [number, std],
        digits,
        trigger_mode="always_last",
        show_progress="hidden",
    )


def _text(page: Page) -> None:
    gr.Markdown("A network trained on Shakespeare continues your text, one character at a time.")
    with gr.Row():
        with gr.Column(min_width=260):
            prompt = gr.Textbox("ROMEO:", label="Beginning", lines=2, max_length=READ, elem_id="prompt")
            temperature = gr.Slider(
                *(0.1, 1.5, 0.6),
                step=0.1,
                label="Temperature",
                info="low: safe and repetitive, high: wild",
                elem_id="temperature",
            )
            with gr.Row():
                length = gr.Slider(100, LONGEST_TEXT, 600, step=100, label="Length", elem_id="length")
                seed = gr.Number(1, label="Seed", precision=0, minimum=0, maximum=2**31 - 1, elem_id="seed")
            with gr.Row():
                write = gr.Button("Write", variant="primary", min_width=80, elem_id="write")
                stop = gr.Button("Stop", min_width=80, elem_id="stop")
        with gr.Column(min_width=300, scale=2):
            text = gr.Textbox(label="Text", lines=18, max_lines=18, interactive=False, elem_id="text")
    writing = write.click(page.write, [prompt, temperature, length, seed], text, show_progress="hidden")
    stop.click(None, cancels=[writing])


def _sentiment(page: Page, built: gr.Blocks) -> None:
    gr.Markdown("Is a film review positive or negative, and which words decide it?")
    probability = gr.State(None)
    with gr.Row():
        with gr.Column(min_width=300):
            review = gr.Textbox(
                REVIEW, label="Review", lines=6, max_lines=12, max_length=LONGEST_REVIEW, elem_id="review"
            )
            judge = gr.Button("Classify", variant="primary", elem_id="judge")
            verdict = gr.HTML(elem_id="verdict")
            marked = gr.HTML(elem_id="marked")
            gr.HTML(
                '<p class="note"><mark class="for" style="--share:60%">towards positive</mark> '
                '<mark class="against" style="--share:60%">towards negative</mark> '
                "the stronger, the more log odds; point at a word to read them</p>"
            )
        with gr.Column(min_width=300):
            first, last, step = THRESHOLDS
            threshold = gr.Slider(
                *(first, last, page.tuned_threshold()),
                step=step,
                label="Threshold: positive from this probability on",
                elem_id="threshold",
            )
            curve = gr.HTML(elem_id="curve")
    outputs = [probability, verdict, marked, curve]
    gr.on([judge.click, built.load], page.judge, [review, threshold], outputs, show_progress="hidden")
    quick = {"trigger_mode": "always_last", "show_progress": "hidden"}
    threshold.change(page.verdict, [probability, threshold], verdict, **quick)
    threshold.change(page.curve, threshold, curve, **quick)
