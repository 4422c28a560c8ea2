"""How well can a network predict the next character of a text, and what does it write?

Read: characters, preprocess, baselines (n-grams and bzip2), tables (n-grams as layers), model, train, generate,
evaluate.
In: data/raw/text.txt. Out: models/textgen.keras, metrics/textgen.json, plots/textgen, samples.
"""
