"""Events of other services, as they would publish them."""

from shared.kernel.commands import Envelope
from shared.kernel.decider import Aggregate


async def publish(shop, service, kind, id, *events):
    """Onto the stream ``<kind>-<id>``. The version afterwards, as a reader can ask for it."""
    running = shop.house.running[service]
    anything = Aggregate(kind, 0, lambda events, count: events, lambda count, event: count + 1, (tuple,))
    _, version = await running.commands.load(anything, id)
    outcome = await running.commands.execute(anything, id, events, Envelope(f"{kind}-{id}-{version}", "x", running.clock()))
    return f"{kind}-{id}@{outcome.version}"
