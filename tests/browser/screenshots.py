"""Pictures of the page for the README, with the trained models: python -m tests.browser.screenshots."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from reprise import demo
from stages.core import artifacts
from tests.browser.conftest import CHROMIUM, OPTIONS
from tests.browser.test_demo import clear, draw, tab
from tests.conftest import REPOSITORY
from tests.reprise.conftest import free_port

FOLDER = REPOSITORY / "docs" / "pictures"
WIDTH, HEIGHT = 1000, 900
# A 2, as the pen goes: in shares of the paper's width and height.
DIGIT = ((0.3, 0.3), (0.38, 0.16), (0.52, 0.12), (0.66, 0.2), (0.68, 0.36), (0.55, 0.55), (0.3, 0.84), (0.74, 0.82))


def main() -> None:
    """Serve the page, use every tab, write a picture of each."""
    port = free_port()
    built = demo.launch(demo.Page(), port)
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(f"http://{demo.HOST}:{port}/")
        page.wait_for_selector("#canvas canvas")
        clear(page)
        draw(page, *DIGIT)
        page.wait_for_selector("#restored .caption-label")
        shoot(page, "digits")
        tab(page, "Text")
        page.get_by_role("button", name="Write").click()
        page.wait_for_function("document.querySelector('#text textarea').value.length > 600")
        shoot(page, "text")
        tab(page, "Reviews")
        page.wait_for_selector("#verdict strong")
        shoot(page, "reviews")
        browser.close()
    built.close(verbose=False)


def shoot(page: Page, name: str) -> None:
    """What is seen, down to where the page ends."""
    page.mouse.move(WIDTH - 5, HEIGHT - 5)
    page.wait_for_timeout(1500)
    ends = "e => e.getBoundingClientRect().bottom"
    bottom = page.evaluate(f"Math.max(...[...document.querySelectorAll('.block, figure, button, p')].map({ends}))")
    shot = page.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": min(HEIGHT, bottom + 24)})
    buffer = io.BytesIO()
    Image.open(io.BytesIO(shot)).convert("RGB").save(buffer, "PNG", optimize=True)
    path = FOLDER / f"demo-{name}.png"
    artifacts.write_bytes(path, buffer.getvalue())
    print(f"{Path(path).relative_to(REPOSITORY)}: {len(buffer.getvalue()) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
