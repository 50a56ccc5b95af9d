"""P5: every view, built anew from the streams, has the same documents as the live one, byte for byte."""

from itertools import islice

from services.house import SERVICES
from shared.contracts.registry import EVENTS
from shared.kernel.codec import Codec
from shared.kernel.commands import decode
from shared.kernel.projector import Build, project_all
from shared.kernel.views import collection, content
from tests.simulation.documents import MemoryDocuments, Shelf
from tests.simulation.memory import Line


async def differences(world, chance):
    codec = Codec(EVENTS)
    facts = [decode(codec, stored) for stored in world.cluster.log]
    keyring = next(iter(world.processes.values())).engine.keyring
    for service in SERVICES:
        shelf = Shelf(collections={collection(view): {} for view in service.views})
        documents = MemoryDocuments(shelf, Line())
        builds = [Build(view, collection(view)) for view in service.views]
        left = iter(facts)
        while some := list(islice(left, chance.randint(1, 60))):
            await project_all(documents, keyring, builds, some)
        live = MemoryDocuments(world.cluster.shelves[service.name], Line())
        for view in service.views:
            anew = {document.id: content(document) async for document in documents.scan(collection(view))}
            there = {document.id: content(document) async for document in live.scan(collection(view))}
            for id in sorted(anew.keys() | there.keys()):
                if anew.get(id) != there.get(id):
                    yield f"replay: {service.name}.{view.name} {id} is {there.get(id)!r:.300}, and from the streams {anew.get(id)!r:.300}"
