import numpy as np

from stages.sentiment import plots


def test_the_confusion_matrix_adds_up(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(2)
    actual, probability = generator.integers(0, 2, 57), generator.uniform(size=57)
    plots.write_curves(actual, {"network": probability, "other": 1 - probability})
    rows = (tmp_path / plots.PLOTS / "confusion.csv").read_text().splitlines()
    assert len(rows) == 57 + 1
    assert rows.count("positive,negative") == np.sum((actual == 1) & (probability < 0.5))
