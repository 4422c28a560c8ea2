#!/bin/sh
# `make setup` puts this into .venv/bin as `reprise`: the command, from any folder, of the repository around it.
here=$(dirname "$0")
PYTHONPATH=$here/../.. exec "$here/python" -P -m reprise "$@"
