"""What a service's groups do with facts: views are projected, policies react. One batch at a time a group."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from shared.kernel.commands import Refusal
from shared.kernel.errors import passing
from shared.kernel.events import Event, Fact
from shared.kernel.policies import Policy
from shared.kernel.ports import Progress
from shared.kernel.projector import Poison, project_all
from shared.parking import Work

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()


class Working:
    def __init__(self, running: Running) -> None:
        self._running = running
        self.holding = asyncio.Lock()
        """Held while views are worked, and by a rebuild that compares or switches."""
        self._reacting = asyncio.Lock()
        self.projected = asyncio.Event()
        """Set, and replaced by a new one, whenever views were projected."""
        self.policy_types = frozenset(event for policy in running.service.policies for event in policy.types)

    def turn(self, group: str) -> asyncio.Lock:
        """Held by whoever works facts for a group: a batch, or one that was parked and is tried again."""
        return self.holding if group == self._running.service.views_group else self._reacting

    def work(self, group: str) -> Work:
        return self._project if group == self._running.service.views_group else self._react

    def wanted(self, group: str) -> frozenset[type[Event]] | None:
        if group == self._running.service.policies_group:
            return self.policy_types
        if any(not view.types for view in self._running.service.views):
            return None
        return frozenset(event for view in self._running.service.views for event in view.types)

    async def _project(self, facts: Sequence[Fact], progress: Progress) -> None:
        await project_all(
            self._running.documents,
            self._running.keyring,
            list(self._running.builds.values()),
            facts,
            progress,
        )
        self._running.meter.batches.inc()
        self._running.meter.projected.inc(len(facts))
        projected, self.projected = self.projected, asyncio.Event()
        projected.set()

    async def _react(self, facts: Sequence[Fact], progress: Progress) -> None:
        streams: dict[str, list[Fact]] = {}
        for fact in facts:
            streams.setdefault(fact.subject, []).append(fact)
        results = await asyncio.gather(*(self._react_in_order(mine) for mine in streams.values()), return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        if failed:
            raise next(filter(passing, failed), failed[0])

    async def _react_in_order(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            for policy in self._running.service.policies:
                if type(fact.event) in policy.types:
                    await self._react_to(policy, fact)

    async def _react_to(self, policy: Policy, fact: Fact) -> None:
        actor = f"policy:{self._running.service.name}.{policy.name}"
        inform = self._running.service.inform
        try:
            for n, (id, command) in enumerate(policy.react(fact)):
                try:
                    command = await inform(self._running, fact, command) if inform else command
                    await self._running.send(id, command, policy.command_id(fact, n), actor, fact.id)
                except Refusal as refusal:
                    log.warning("policy.refused", policy=policy.name, event_id=fact.id, code=refusal.refused.code)
        except Exception as error:
            if passing(error):
                raise
            raise Poison(fact, error) from error
