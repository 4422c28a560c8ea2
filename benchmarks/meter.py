"""Run a command and append a line of JSON to a file: python -IS benchmarks/meter.py FILE COMMAND ...

The line has the command, its seconds, its CPU seconds and its peak of memory in MiB, children included. On Linux the
peak of a process begins with the memory of the one that started it. This one is small.
"""

import json
import os
import sys
import time

_, file, *command = sys.argv
started = time.time()
_, status, usage = os.wait4(os.spawnvp(os.P_NOWAIT, command[0], command), 0)
line = {
    "command": command,
    "seconds": time.time() - started,
    "cpu": usage.ru_utime + usage.ru_stime,
    "memory": usage.ru_maxrss / 1024,  # KiB on Linux
}
with open(file, "a", encoding="utf-8") as log:
    log.write(json.dumps(line) + "\n")
sys.exit(os.waitstatus_to_exitcode(status))
