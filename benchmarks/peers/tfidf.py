"""TF-IDF of one and two words and a logistic regression, as in scikit-learn's documentation.

Default settings except two common ones: bigrams, and words that occur in at least two reviews.
Imports nothing of `stages`.
"""

import csv
import json
import sys
import time

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def main(reviews: str, data: str) -> None:
    """Train on the training texts; print the accuracy on test reviews, those of the largest source, the seconds from
    text on, and the test reviews per second (`rate`), as JSON.
    """
    csv.field_size_limit(sys.maxsize)
    with open(reviews, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    arrays = dict(np.load(data))
    train = [rows[row] for row in arrays["train_rows"]]
    test = [rows[row] for row in arrays["test_rows"][arrays["test_source"] == 0]]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LogisticRegression(C=10, max_iter=1000)
    )
    started = time.perf_counter()
    model.fit([row["text"] for row in train], [row["label"] for row in train])
    trained = time.perf_counter()
    found = model.predict([row["text"] for row in test])
    ended = time.perf_counter()
    accuracy = float(np.mean(found == [row["label"] for row in test]))
    print(json.dumps({"accuracy": accuracy, "seconds": trained - started, "rate": len(test) / (ended - trained)}))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
