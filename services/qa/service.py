from datetime import datetime
from typing import Any

from services.qa.api import router
from services.qa.history import history
from services.qa.informing import inform
from services.qa.looking import Looking
from services.qa.policies import close, open_review, settle
from services.qa.review import TakeEffect, review
from services.qa.rules import holdrules
from services.qa.views import ReviewSettings, UndoWindows, hold_rules, queue, reviews
from shared.kernel.effects import Timer
from shared.kernel.views import Row
from shared.service import Running, Service


def take_effect(row: Row, now: datetime) -> tuple[str, Any]:
    return row["id"], TakeEffect(now)


async def _setup(running: Running) -> None:
    running.state["looking"] = Looking()


qa = Service(
    "qa",
    aggregates=(review, holdrules),
    views=(reviews, queue, history, UndoWindows, ReviewSettings, hold_rules),
    policies=(open_review, settle, close),
    timers=(Timer("undo", UndoWindows, take_effect),),
    router=router,
    setup=_setup,
    inform=inform,
)
