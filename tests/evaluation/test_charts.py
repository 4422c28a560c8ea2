import warnings

import matplotlib.pyplot as plt

from stages.core import artifacts
from stages.evaluation import charts


def test_characters_that_the_font_lacks_are_drawn_as_boxes(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each one
        figure = charts.text_page({"a": "Здравствуй, 好 мир\n好 👩", "b": "plain"}, title="after 好")
        artifacts.write_png(tmp_path / "page.png", figure)
    assert charts.drawn("a 好") == "a □"


def test_other_text_is_drawn_as_it_is():
    figure = charts.text_page({"a": "Γειά\tσου — ça va?"}, title="title")
    (text,) = figure.axes[0].texts
    assert text.get_text() == "Γειά    σου — ça va?"
    plt.close(figure)


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


def test_labels_of_a_logarithmic_axis_do_not_overlap():
    sizes = [30_000, 100_000, 300_000, 1_000_000, 3_000_000, 4_842_020]
    for places, labelled in ((sizes, [True, True, True, True, False, True]), (sizes[:1], [True])):
        chart = charts.lines({"a": (places, range(len(places)))}, x_label="characters", y_label="nats")
        charts.make_logarithmic(chart.axes[0])
        picture = charts.svg(chart)
        assert [f"{size:,}" in picture for size in places] == labelled
