"""The keyring under a new master key, where the processes of all services have been given one."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from services.ops.asking import WithJobs, caller, passed_on, write_down
from shared.contracts.ops import MasterKeyRotated
from shared.http import RunningService, Sent
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.views import Row
from shared.service import Running

router = APIRouter(prefix="/keys")

_NO_NEW_KEY = Refused(
    "no-new-key",
    "There is no new master key. Put one as the first line before the old one into the key file of every process, start them all again, "
    "and then rotate.",
)


@dataclass
class Rewrapping:
    """``state``: none, under-way, finished, failed; of this process."""

    state: str = "none"
    done: int = 0
    error: str = ""

    def row(self, service: Running) -> Row:
        return {"fingerprints": service.settings.fingerprints, "state": self.state, "keys": self.done, "error": self.error}


def _of(service: Running) -> Rewrapping:
    found: Rewrapping = service.state.setdefault("rewrapping", Rewrapping())
    return found


@router.get("")
async def keys(service: RunningService) -> Row:
    return _of(service).row(service)


@router.post("/rewrap", status_code=202)
async def rewrap(service: RunningService, sent: Sent) -> Row:
    """Raises Refusal where the key file has one key alone."""
    if len(service.settings.master_keys) < 2:
        raise Refusal(_NO_NEW_KEY)
    work = _of(service)
    if work.state != "under-way":
        work.state, work.done, work.error = "under-way", 0, ""
        service.spawn(_rewrapped(service, work, sent.actor))
    return work.row(service)


async def _rewrapped(service: Running, work: Rewrapping, by: str) -> None:
    try:
        async for work.done in service.keyring.rewrap():
            pass
        await write_down(service, MasterKeyRotated(fingerprint=service.settings.fingerprints[0], keys=work.done), by)
        work.state = "finished"
    except Exception as error:
        work.state, work.error = "failed", str(error)
        raise


@router.get("/vault")
async def vault(jobs: WithJobs) -> JSONResponse:
    """The key that cards and bank accounts are under, as payments says."""
    return passed_on(await jobs.ask("payments", "GET", "/vault"))


@router.post("/vault/rotate", status_code=202)
async def rotate_vault(jobs: WithJobs, sent: Sent) -> JSONResponse:
    return passed_on(await jobs.ask("payments", "POST", "/vault/rotate", None, caller(sent)))
