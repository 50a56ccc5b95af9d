"""P4 as it happens: no policy reacts to an event of a stream before it has done with the one before, whichever process it is in."""

from collections import defaultdict

from shared.contracts.registry import EVENTS


class Reactions:
    def __init__(self, cluster, trace):
        self._cluster, self._trace = cluster, trace
        self._done = defaultdict(set)
        """(policy, stream) -> the versions that it is done with, in any process."""

    def watch(self, working):
        react = working._react_to

        async def watched(policy, fact):
            missing = self._missing(policy, fact.stream, fact.version - 1)
            if missing:
                self._trace.find(f"order: {policy.name} reacts to {fact.id} before {fact.stream}@{missing[0]}")
            await react(policy, fact)
            self._done[policy.name, fact.stream].add(fact.version)

        working._react_to = watched

    def _missing(self, policy, stream, until):
        events = self._cluster.streams.get(stream, ())[:until]
        wanted = [event.version for event in events if EVENTS[dict(event.headers)["ce_type"]] in policy.types]
        return [version for version in wanted if version not in self._done[policy.name, stream]]

    def unheard(self, services):
        """What a policy never reacted to."""
        for service in services:
            for policy in service.policies:
                for stream, events in self._cluster.streams.items():
                    for version in self._missing(policy, stream, len(events)):
                        yield f"unheard: {service.name}.{policy.name} never reacted to {stream}@{version}"
