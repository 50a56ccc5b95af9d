"""``ringup`` with a fuse: ends as kill -9 would, before the nth file of the data folder is renamed or removed."""

import os
import signal
import sys

from services.cli.app import main

folder, left = sys.argv.pop(1), int(sys.argv.pop(1))


def watch(event, args):
    global left
    if event in ("os.rename", "os.remove") and str(args[0]).startswith(folder) and "-shm" not in str(args[0]):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(watch)
main()
