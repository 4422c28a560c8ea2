"""Run a command and write what it used to a file, as JSON: python -IS benchmarks/meter.py FILE COMMAND ...

Its seconds, CPU seconds and peak of memory in MiB, children included. On Linux the peak of a process begins with
the memory of the one that started it. This one is small.
"""

import json
import os
import sys
import time

_, file, *command = sys.argv
started = time.time()
_, status, usage = os.wait4(os.spawnvp(os.P_NOWAIT, command[0], command), 0)
with open(file, "w", encoding="utf-8") as log:
    memory = usage.ru_maxrss / 1024  # KiB on Linux
    json.dump({"seconds": time.time() - started, "memory": memory, "cpu": usage.ru_utime + usage.ru_stime}, log)
sys.exit(os.waitstatus_to_exitcode(status))
