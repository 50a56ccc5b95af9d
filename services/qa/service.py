from datetime import datetime
from typing import Any

from services.qa.api import router
from services.qa.policies import close, open_review, settle
from services.qa.review import TakeEffect, review
from services.qa.views import Queue, ReviewSettings, UndoWindows
from shared.kernel.effects import Timer
from shared.kernel.views import Row
from shared.service import Service


def take_effect(row: Row, now: datetime) -> tuple[str, Any]:
    return row["id"], TakeEffect(now)


qa = Service(
    "qa",
    aggregates=(review,),
    views=(Queue, UndoWindows, ReviewSettings),
    policies=(open_review, settle, close),
    timers=(Timer("undo", UndoWindows, take_effect),),
    router=router,
)
