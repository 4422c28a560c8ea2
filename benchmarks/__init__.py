"""How do the four tasks compare with what one would use instead, and with published figures?

Read `common`, then the parts of `make bench`: `digits`, `textgen`, `sentiment`, `serve`, with other people's tools in
`peers`. What takes longer has a command of its own: `learning_curve`, `pipeline`.
In: what the pipeline has made. Nothing here is part of `dvc repro`.
"""

import os

# The user's own environment, before `stages` pins it: other people's tools run in it.
ENVIRONMENT = dict(os.environ)
