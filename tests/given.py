"""given(aggregate, *events).when(command).then(*events)"""

from dataclasses import dataclass
from typing import Any

from shared.kernel.decider import Aggregate, Refused


@dataclass
class When:
    decision: Any

    def then(self, *events):
        assert list(self.decision) == list(events)

    def then_types(self, *types):
        assert not isinstance(self.decision, Refused), self.decision
        assert [type(event) for event in self.decision] == list(types)
        return self.decision

    def then_nothing(self):
        assert not isinstance(self.decision, Refused), self.decision
        assert list(self.decision) == []

    def then_refused(self, code):
        assert isinstance(self.decision, Refused), self.decision
        assert self.decision.code == code
        return self.decision


@dataclass
class Given:
    aggregate: Aggregate[Any]
    events: tuple[Any, ...]

    @property
    def state(self):
        state = self.aggregate.initial
        for event in self.events:
            state = self.aggregate.evolve(state, event)
        return state

    def when(self, command):
        return When(self.aggregate.decide(command, self.state))


def given(aggregate, *events):
    return Given(aggregate, events)
