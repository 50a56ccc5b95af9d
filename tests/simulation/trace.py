"""What happened, step by step, and all of it in one digest."""

import hashlib
from collections import Counter

from tests.simulation.loop import PROCESS


class Trace:
    def __init__(self, loop):
        self._loop = loop
        self._digest = hashlib.sha256()
        self.steps = []
        self.seen = Counter()
        self.findings = []

    def note(self, what, *about):
        process = PROCESS.get()
        about = " ".join(map(str, about))
        step = f"{self._loop.time():10.3f} {self._loop.steps:6} {process.name if process else 'world':14} {what} {about}"
        self.steps.append(step)
        self.seen[what] += 1
        self._digest.update(step.encode())

    def find(self, what):
        self.note("FOUND", what)
        self.findings.append(what)

    @property
    def digest(self):
        return self._digest.hexdigest()
