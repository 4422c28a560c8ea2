"""Comparisons with other tools; never part of `dvc repro`."""

import os

# The user's own environment, before `stages` pins it: other people's tools run in it.
ENVIRONMENT = dict(os.environ)
