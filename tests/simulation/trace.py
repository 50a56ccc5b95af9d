"""What happened, step by step: the last steps to read, all of them in one digest."""

import hashlib
from collections import deque

from tests.simulation.loop import PROCESS

_LAST = 400


class Trace:
    def __init__(self, loop):
        self._loop = loop
        self.last = deque(maxlen=_LAST)
        self._digest = hashlib.sha256()
        self.findings = []

    def note(self, what, *about):
        process = PROCESS.get()
        step = f"{self._loop.time():10.3f} {self._loop.steps:6} {process.name if process else 'world':14} {what} {' '.join(map(str, about))}"
        self.last.append(step)
        self._digest.update(step.encode())

    def find(self, what):
        self.note("FOUND", what)
        self.findings.append(what)

    @property
    def digest(self):
        return self._digest.hexdigest()
