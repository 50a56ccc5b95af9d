"""An asyncio event loop whose time is virtual and whose order of ready callbacks comes from a seed; processes in it can die and stall.

Nothing outside can be waited for: no sockets, no threads, no clock. Time stands still while anything is ready, and then jumps to the next timer.
"""

import asyncio
import contextlib
import heapq
from contextvars import Context, ContextVar

PROCESS = ContextVar("process", default=None)
"""To which process a task belongs; None for what lies outside of all of them."""


class Process:
    """Tasks that end together. A dead process runs no further callback, not even a ``finally``: as after a kill -9."""

    def __init__(self, name):
        self.name = name
        self.alive = True
        self.stalled_until = 0.0
        self.death = asyncio.get_running_loop().create_future()

    def kill(self):
        if self.alive:
            self.alive = False
            self.death.set_result(None)

    def stall(self, seconds):
        self.stalled_until = asyncio.get_running_loop().time() + seconds

    def spawn(self, work):
        before = PROCESS.set(self)
        try:
            return asyncio.get_running_loop().create_task(work)
        finally:
            PROCESS.reset(before)


class Loop(asyncio.BaseEventLoop):
    def __init__(self, chance):
        super().__init__()
        self._chance = chance
        self._now = 0.0
        self._tasks = {}
        self.steps = 0

    def time(self):
        return self._now

    def later(self, seconds, callback, *args):
        """Outside of all processes."""
        self.call_at(self._now + seconds, callback, *args, context=Context())

    def create_task(self, coro, **options):
        """The tasks of the dead are kept: what is collected as garbage would run its ``finally`` after all."""
        task = super().create_task(coro, **options)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop, context=Context())
        return task

    def run_in_executor(self, executor, func, *args):
        raise AssertionError(f"{func} would run in a thread")

    def close(self):
        for task in self._tasks:
            task._log_destroy_pending = False
            with contextlib.suppress(BaseException):
                task.get_coro().close()
        self._tasks.clear()
        super().close()

    def _write_to_self(self):
        """Nobody runs besides, who would have to wake this loop."""

    def _run_once(self):
        if not self._ready:
            self._jump()
        self._ready.rotate(-self._chance.randrange(len(self._ready)))
        handle = self._ready.popleft()
        process = handle._context.get(PROCESS)
        if handle._cancelled or (process and not process.alive):
            return
        if process and process.stalled_until > self._now:
            self.later(process.stalled_until - self._now, self._ready.append, handle)
            return
        self.steps += 1
        handle._run()

    def _jump(self):
        if not self._scheduled:
            raise AssertionError("everybody waits for something that never comes")
        self._now = max(self._now, self._scheduled[0]._when)
        while self._scheduled and self._scheduled[0]._when <= self._now:
            timer = heapq.heappop(self._scheduled)
            timer._scheduled = False
            self._ready.append(timer)
