"""Open work at gateways, and what became of each order's money."""

from services.payments.views.authorisations import authorisations
from services.payments.views.echecks import echecks
from services.payments.views.erasing import erased_orders, to_erase
from services.payments.views.order import payments_view
from services.payments.views.pre_auth_list import pre_auth_list
from services.payments.views.pre_auths import pre_auth_work
from services.payments.views.work import work

__all__ = ["authorisations", "echecks", "erased_orders", "payments_view", "pre_auth_list", "pre_auth_work", "to_erase", "work"]
