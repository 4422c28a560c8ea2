import warnings

import matplotlib.pyplot as plt

from stages.core import artifacts
from stages.evaluation import charts


def test_characters_that_the_font_lacks_are_drawn_as_boxes(tmp_path, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each one
        figure = charts.text_page({"a": "Здравствуй, 好 мир\n好 👩", "b": "plain"}, title="after 好")
        artifacts.write_png(tmp_path / "page.png", figure)
    assert "lacks 2 of the characters, such as '好': drawn as □" in capsys.readouterr().out
    assert charts.MISSING in charts.drawable()


def test_other_text_is_drawn_as_it_is(capsys):
    figure = charts.text_page({"a": "Γειά\tσου — ça va?"}, title="title")
    (text,) = figure.axes[0].texts
    assert text.get_text() == "Γειά    σου — ça va?"
    assert capsys.readouterr().out == ""
    plt.close(figure)
