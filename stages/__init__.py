"""The stages of the pipeline.

Python imports this package before any stage's own imports. So the environment is pinned before numpy and TensorFlow
read it, params, code and inputs are noted before anything is read from them, and a stage ends with dvc even while its
libraries are still being imported.
"""

import sys

from stages.core import command

try:
    command.begin()
except ModuleNotFoundError as error:
    sys.exit(f"error: {sys.executable} has no {error.name}; activate the environment: . .venv/bin/activate")
