"""Is a film review positive? python example.py "A film I will not forget" "Dull and slow." """

import json
import re
import sys
from pathlib import Path

import numpy as np
from network import run

HERE = Path(__file__).parent
settings = json.loads((HERE / "settings.json").read_text("utf-8"))
number = {word: 2 + rank for rank, word in enumerate((HERE / "vocabulary.txt").read_text("utf-8").split())}
# The numbers of its one to three words are the digits of an n-gram's key.
ngram = {key: 1 + rank for rank, key in enumerate(np.load(HERE / "ngrams.npy").tolist())}


def judge(review: str) -> float | None:
    """Probability that a review is positive; None if no word of it is known."""
    text = re.sub(r"<br\s*/?>", " ", review, flags=re.IGNORECASE).translate(str.maketrans("’‘´`", "''''")).lower()
    ids = [number.get(token, 1) for token in re.findall(r"\d+/\d+|[^\W_]+(?:'[^\W_]+)*|[!?]", text)]  # 1: unknown
    found = set()
    for start in range(len(ids)):
        key = 0
        for word in ids[start : start + 3]:
            if word == 1:
                break
            key = key * (len(number) + 2) + word
            found |= {ngram[key]} if key in ngram else set()
    first, length = round(settings["length"] * settings["head"]), settings["length"]
    ids = ids if len(ids) <= length else ids[:first] + ids[first - length :]
    ids = [word if word < settings["vocabulary"] + 2 else 1 for word in ids] + [0] * (-len(ids) % settings["pool"])
    if max(ids, default=1) == 1:
        return None
    return run({"words": np.array([ids], np.int32), "ngrams": np.array([sorted(found) or [0]], np.int32)})[0, 0]


for chance in map(judge, sys.argv[1:]):
    label = "-" if chance is None else "positive" if chance >= settings["threshold"] else "negative"
    print(label, "-" if chance is None else f"{chance:.3f}", f"{settings['threshold']:.3f}", sep="\t")
