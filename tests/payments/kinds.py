"""Kinds of gateways to configure some of in tests of the decision alone."""

from services.payments.gateways.kinds import HOSTED_FORM
from services.payments.gateways.simulator import KIND

KINDS = {"simulator": KIND, "hosted-form": HOSTED_FORM}
