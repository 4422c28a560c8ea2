"""The stages of the pipeline.

Python imports this package before any stage's own imports. So the environment is pinned before numpy and TensorFlow
read it, and a stage ends with dvc even while its libraries are still being imported.
"""

from stages.core import command, environment

environment.pin_from_params()
command.end_with_dvc()
