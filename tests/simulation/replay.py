"""P5: every view, built anew from the streams, whichever of them comes first, has the same documents as the live one, byte for byte."""

from collections import defaultdict
from itertools import chain, islice

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
        left = iter(interleaved(facts, chance))
        while some := list(islice(left, chance.randint(1, 60))):
            await project_all(documents, keyring, builds, some)
        live = MemoryDocuments(world.cluster.shelves[service.name], Line())
        for view in service.views:
            anew = {document.id: content(document) async for document in documents.scan(collection(view))}
            there = {document.id: content(document) async for document in live.scan(collection(view))}
            for id in sorted(anew.keys() | there.keys()):
                if anew.get(id) != there.get(id):
                    yield f"replay: {service.name}.{view.name} {id} is {there.get(id)!r:.300}, and from the streams {anew.get(id)!r:.300}"


def interleaved(facts, chance, *, whole=False):
    """In another order, each stream in its own; ``whole``: one stream after the other."""
    streams = defaultdict(list)
    for fact in facts:
        streams[fact.stream].append(fact)
    if whole:
        return list(chain.from_iterable(chance.sample(list(streams.values()), len(streams))))
    turns = [fact.stream for fact in facts]
    chance.shuffle(turns)
    left = {stream: iter(theirs) for stream, theirs in streams.items()}
    return [next(left[stream]) for stream in turns]
