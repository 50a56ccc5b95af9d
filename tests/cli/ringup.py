"""``ringup`` as a process."""

import asyncio
import contextlib
import json
import os
import signal
import sys


class Ringup:
    """``ringup`` with its settings in the environment."""

    def __init__(self, data, key_file, **settings):
        given = {f"RINGUP_{name.upper()}": str(value) for name, value in settings.items()}
        self.data = data
        ours = {name: value for name, value in os.environ.items() if not name.startswith("RINGUP_")}
        self.env = {**ours, "RINGUP_DATA": str(data), "RINGUP_KEY_FILE": str(key_file), "RINGUP_DEMO": "false", **given}

    async def start(self, *args):
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services", *args, env=self.env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )

    async def __call__(self, *args):
        process = await self.start(*args)
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    async def json(self, *args, code=0):
        returned, out, err = await self(*args, "--json")
        assert (returned, err) == (code, ""), (out, err)
        return json.loads(out)

    @contextlib.asynccontextmanager
    async def running(self):
        process = await self.start("run")
        line = (await process.stdout.readline()).decode()
        assert line.startswith("Ringup is at http://"), (line, (await process.stderr.read()).decode())
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                await process.communicate()


def one_sentence(err, *words):
    assert len(err.splitlines()) == 1, err
    assert "Traceback" not in err
    for word in words:
        assert word in err
