#!/bin/sh
# `make setup` puts this into .venv/bin as `reprise`: the command, from any folder, of the repository around it.
here=$(cd "$(dirname "$0")" && pwd) || exit 1
PYTHONPATH=$(cd "$here/../.." && pwd) exec "$here/python" -P -m reprise "$@"
