"""``ringup``, its services dying at a named point: ``python -m tests.chaos.room serve NAME``, settings from the environment.

``CHAOS_POINT`` is the point and ``CHAOS_NTH`` at which time it kills; ``CHAOS_AHEAD`` is how many seconds the clock of the services is ahead.
"""

import os
from datetime import timedelta
from functools import partial

from services import house, server
from services.cli.app import main
from services.payments.gateways import simulator
from services.payments.gateways.simulator import SimulatorGateway
from shared.engines.cluster import engine
from shared.engines.cluster.documents import MongoDocuments
from shared.engines.cluster.relay import KafkaRelay
from shared.engines.cluster.streams import MongoStreams
from shared.service import Running, utc_now
from tests.chaos.fuse import Fuse, FusedDocuments, FusedGateway, FusedStreams

FUSE = Fuse(os.environ.get("CHAOS_POINT", "none"), int(os.environ.get("CHAOS_NTH", "1")))
AHEAD = timedelta(seconds=int(os.environ.get("CHAOS_AHEAD", "0")))


class TornDocuments(MongoDocuments):
    async def _save(self, progress, session):
        await super()._save(progress, session)
        FUSE.reached("within a transaction of views")


class FusedRelay(KafkaRelay):
    async def _send(self, *batch):
        await super()._send(*batch)
        FUSE.reached("after send")

    async def _mark(self, ids):
        FUSE.reached("before mark")
        await super()._mark(ids)
        FUSE.reached("after mark")


class FusedRunning(Running):
    async def _commit(self, group, consumer):
        FUSE.reached(f"before commit of {group}")
        await super()._commit(group, consumer)


def clock():
    return utc_now() + AHEAD


def with_fuses():
    engine.KafkaRelay = FusedRelay
    engine.MongoStreams = lambda *args: FusedStreams(MongoStreams(*args), FUSE)
    engine.MongoDocuments = lambda database: FusedDocuments(TornDocuments(database), FUSE, database.name.rpartition("_")[2])
    house.Running = FusedRunning
    simulator.SimulatorGateway = lambda *given, **named: FusedGateway(SimulatorGateway(*given, **named), FUSE)
    server.House = partial(house.House, clock=clock)


if __name__ == "__main__":
    with_fuses()
    main()
