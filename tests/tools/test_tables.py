"""README's table: its verdict, and its figures over seeds."""

import pytest

from stages.core.errors import StageError
from tests.conftest import REPOSITORY
from tools import tables
from tools.compare import HEADLINES

AUTOENCODER, DENOISER = HEADLINES[:2]


@pytest.mark.parametrize(
    ("headline", "low", "high", "told"),
    [
        (AUTOENCODER, 0.1, 0.2, "worse"),
        (AUTOENCODER, -0.1, 0.1, "no significant difference"),
        (DENOISER, 0.1, 0.2, "better"),
    ],
)
def test_the_verdict(headline, low, high, told):
    assert tables.verdict(headline, {"minus_baseline": [low, high]}) == told


SWEPT = """group,params,metric,mean,std,runs,seeds,commit
autoencoder,"{""latent"": 16}",autoencoder.mse,0.021,0.001,3,7 8 9,0123456789
autoencoder,"{""latent"": 32}",autoencoder.mse,0.0103123,0.000124,3,7 8 9,0123456789
autoencoder,"{""latent"": 32}",autoencoder.pca.mse,0.0152,0.0001,3,7 8 9,0123456789
denoiser,"{""denoiser.noise_std"": 0.5}",denoiser.conv.psnr,1234.5,67.8,3,7 8 9,0123456789
denoiser,"{""denoiser.noise_std"": 0.5}",denoiser.best_filter.psnr,16.5,0.1,2,7 8,0123456789
textgen,{},textgen.nats,1.4761,,1,7,0123456789
sentiment,{},sentiment.accuracy,0.5,0.0,3,7 8 9,0123456789
"""


def test_over_seeds_are_the_committed_params_and_a_baseline_of_the_same_seeds(workdir):
    for name in ("params.yaml", "metrics"):
        (workdir / name).symlink_to(REPOSITORY / name)
    assert "±" not in tables.results()
    tables.SWEEP.parent.mkdir(parents=True)
    tables.SWEEP.write_text(SWEPT, encoding="utf-8")
    assert [line.split(" | ")[-1] for line in tables.results().splitlines()[2:6]] == [
        "0.01031 ± 0.00012 (3 runs); PCA 0.01520 ± 0.00010 |",
        "1234 ± 68 (3 runs) |",
        "1.476 (1 runs) |",
        "0.5 ± 0 (3 runs) |",
    ]


def test_examples_of_other_models_are_found_without_the_models(workdir):
    """The committed examples name the hashes of their models; those of dvc.lock are the committed models'."""
    lock = "stages:\n  train:\n    outs:\n"
    for path, md5 in (("models/sentiment.keras", "a123456789"), ("models/textgen.keras", "abcdefabcd")):
        lock += f"    - {{path: {path}, md5: {md5}}}\n"
    (workdir / "dvc.lock").write_text(lock, encoding="utf-8")
    page = "<!-- examples -->\n{}| a review |\n<!-- end of examples -->"
    own = page.format("<!-- of models/sentiment.keras a1234567, models/textgen.keras abcdefab -->\n")
    assert tables.filled(own) == own
    for other in ("", "<!-- of models/sentiment.keras a1234567, models/textgen.keras 00000000 -->\n"):
        with pytest.raises(StageError, match=r"`dvc pull models/sentiment.keras .*python -m tools.tables"):
            tables.filled(page.format(other))
