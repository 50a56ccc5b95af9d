from __future__ import annotations

import uuid
from importlib.metadata import entry_points

from fastapi import APIRouter

from services.fulfillment import api, handing_out, imports_api, plugin_api
from services.fulfillment.delivery import effects
from services.fulfillment.health import Watch
from services.fulfillment.plugin import Introduce, plugin
from services.fulfillment.plugins.installed import GROUP, installed
from services.fulfillment.plugins.kinds import Surroundings
from services.fulfillment.policies import create_record, deny, forget, hold, release
from services.fulfillment.roster import Roster
from services.fulfillment.secrets import Safe
from services.fulfillment.shipment import shipment
from services.fulfillment.views import cancellations, deliveries, erasures, shipments, switches
from shared.service import Running, Service
from shared.settings import SettingsError

router = APIRouter()
for each in (plugin_api, api, imports_api, handing_out):
    router.routes += each.router.routes


async def _setup(running: Running) -> None:
    around = Surroundings(running.settings, running.clock)
    running.state["installed"] = found = installed(entry_points(group=GROUP), around)
    running.warnings.update(found.broken)
    running.state["safe"] = safe = Safe(running.blobs, running.keyring.derived("plugins"))
    running.state["roster"] = roster = Roster(running, found, safe)
    if "csv" in found.kinds:
        introduced = Introduce("csv", "csv", found.kinds["csv"].title)
        await running.send("csv", introduced, uuid.uuid4().hex, "service:fulfillment")
    elif "csv" not in found.broken:
        raise SettingsError("Ringup's own fulfilment plugins are not known to this Python: install it again (pip install -e . in a checkout).")
    running.spawn(Watch(running, roster).watch())


fulfillment = Service(
    "fulfillment",
    aggregates=(shipment, plugin),
    views=(shipments, deliveries, cancellations, erasures, switches),
    policies=(create_record, release, hold, deny, forget),
    effects=effects,
    router=router,
    setup=_setup,
)
