import numpy as np
import pytest

from stages.core import artifacts
from stages.sentiment import preprocess
from stages.sentiment.encoding import tokenise
from stages.sentiment.evaluate import BEHAVIOUR, capabilities
from tests.conftest import REPOSITORY


@pytest.fixture
def table():
    return artifacts.read_csv(BEHAVIOUR, text=["capability", "sentence"])


def test_each_capability_has_as_many_negative_as_positive_sentences(table):
    assert len(table) <= 300 and not table["sentence"].duplicated().any()
    assert set(table["label"]) == {0, 1}
    assert (table.groupby("capability")["label"].mean() == 0.5).all()


def test_no_sentence_of_the_table_stands_in_the_data(table):
    raw = REPOSITORY / preprocess.RAW
    if not raw.exists():
        pytest.xfail("the pipeline has not run here")
    reviews = {" ".join(tokenise(text)).strip(" !?") for text in artifacts.read_csv(raw, text=["text"])["text"]}
    assert not reviews & {" ".join(tokenise(text)).strip(" !?") for text in table["sentence"]}


def test_the_measures_count_each_side_by_itself(table):
    labels = table["label"].to_numpy()
    found = capabilities(table, {"network": np.ones(len(table)), "nb": labels.astype(float)})
    assert all(row["network"] == {"negative": 0, "positive": 1} for row in found["capabilities"])
    assert found["mean"] == {"network": 0.5, "nb": 1}
