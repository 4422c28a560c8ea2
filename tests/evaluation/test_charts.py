import warnings

from stages.core import artifacts
from stages.evaluation import charts


def test_characters_that_the_font_lacks_are_drawn_as_boxes(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each one
        figure = charts.text_page({"a": "Здравствуй, 好 мир\n好 👩", "b": "plain"}, title="after 好")
        artifacts.write_png(tmp_path / "page.png", figure)
    assert charts.drawn("a 好") == "a □"


def test_a_dollar_in_a_text_is_a_dollar(tmp_path):
    title = "$5 or $\\frac{$10"
    artifacts.write_png(tmp_path / "page.png", charts.text_page({title: title}, title=title))
    chart = charts.lines({title: ([1, 2], [3, 4]), "b": ([1], [2])}, x_label=title, y_label=title)
    assert charts.svg(chart).count(title) == 3


def test_whole_numbers_have_whole_ticks_and_the_first_epoch_is_left_out():
    rows = [{"epoch": epoch, "loss": 1 / epoch, "val_loss": 2 / epoch} for epoch in (1, 2, 3)]
    chart = charts.losses(rows, "nats")
    chart.canvas.draw()
    assert [text.get_text() for text in chart.axes[0].get_xticklabels()] == ["2", "3"]
    assert "from the second on" in charts.svg(chart)
    assert "from the second on" not in charts.svg(charts.losses(rows[:2], "nats"))
