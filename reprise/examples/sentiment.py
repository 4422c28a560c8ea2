"""Is a film review positive? python example.py "A warm, funny and moving film." "Dull and slow." """

import json
import os
import sys
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # or onnxruntime sends its maker how it is used
import numpy as np
import onnxruntime
from encoding import FIRST_WORD, Encoder
from tidy import tidy

HERE = Path(__file__).parent
session = onnxruntime.InferenceSession(HERE / "model.onnx")
vocabulary, network, threshold = (
    json.loads((HERE / f"{name}.json").read_text("utf-8")) for name in ("vocabulary", "network", "threshold")
)
encoder = Encoder(vocabulary, np.load(HERE / "ngrams.npy"), network)

for review in sys.argv[1:]:
    ids = encoder.ids(tidy(review))
    if not np.any(ids >= FIRST_WORD):
        print("-", "no word of it is in the vocabulary", sep="\t")
        continue
    probability = session.run(None, encoder.inputs([ids]))[0][0, 0]
    doubt = ["not an English review?"] if encoder.unlike_reviews(ids) else []
    label = "positive" if probability >= threshold else "negative"
    print(label, f"{probability:.3f}", f"{threshold:.3f}", *doubt, sep="\t")
