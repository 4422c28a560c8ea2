"""Side-by-side runs against what people would use instead; never part of `dvc repro`."""

import os

# The user's own environment, before `stages` pins it: other people's tools run in it.
ENVIRONMENT = dict(os.environ)
