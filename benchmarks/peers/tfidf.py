"""TF-IDF of one and two words and a logistic regression, as in scikit-learn's documentation.

Default settings except two common ones: bigrams, and words that occur in at least two reviews.
Imports nothing of `stages`.
"""

import json
import sys
import time

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def main(reviews: str, data: str) -> None:
    """Train on the training texts; print the accuracy on test reviews, those of the largest source, the seconds from
    text on, and the test reviews per second (`rate`), as JSON.
    """
    table, arrays = pd.read_csv(reviews, keep_default_na=False), dict(np.load(data))
    train, test = table.iloc[arrays["train_rows"]], table.iloc[arrays["test_rows"][arrays["test_source"] == 0]]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LogisticRegression(C=10, max_iter=1000)
    )
    started = time.perf_counter()
    model.fit(train["text"], train["label"])
    trained = time.perf_counter()
    found = model.predict(test["text"])
    ended = time.perf_counter()
    accuracy = float(np.mean(found == test["label"]))
    print(json.dumps({"accuracy": accuracy, "seconds": trained - started, "rate": len(test) / (ended - trained)}))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
