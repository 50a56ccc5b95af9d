from services.ops.api import router
from services.ops.audit import audit
from services.ops.jobs import jobs_of
from shared.service import Running, Service


async def _setup(running: Running) -> None:
    running.spawn(jobs_of(running).recover())


ops = Service("ops", aggregates=(audit,), router=router, setup=_setup)
