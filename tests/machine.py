"""An aggregate that anything may happen to: every command comes twice and must write once."""

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine

from shared.kernel.decider import Refused
from tests.samples import NOON


class Machine(RuleBasedStateMachine):
    aggregate = None

    def __init__(self):
        super().__init__()
        self.state, self.events, self.now = self.aggregate.initial, [], NOON

    def sends(self, command):
        """What was decided; a refusal is none."""
        decided = self.aggregate.decide(command, self.state)
        if isinstance(decided, Refused):
            return []
        for event in decided:
            self.state = self.aggregate.evolve(self.state, event)
            self.events.append(event)
        again = self.aggregate.decide(command, self.state)
        assert isinstance(again, Refused) or list(again) == [], (command, again)
        return decided

    def all(self, *types):
        return [event for event in self.events if isinstance(event, types)]


def runs(machine, examples=200, steps=40):
    machine.TestCase.settings = settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    return machine.TestCase
