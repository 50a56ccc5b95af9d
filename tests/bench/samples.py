"""Events of ordinary orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from shared.contracts.fulfillment import DeliveryRequested, FulfillmentExported, FulfillmentRecordCreated, FulfillmentReleased
from shared.contracts.order import Address, Call, OrderBody, Person, Quote, QuoteLine, Rules, SubmittedOrder
from shared.kernel.events import Event

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def shipment(n: int) -> Sequence[Event]:
    """The life of one, its personal fields as texts."""
    order_id = f"{n:010d}"
    export = {"order_id": order_id, "plugin": "csv", "export_id": f"{order_id}-csv"}
    return (
        FulfillmentRecordCreated(order_id=order_id, plugin="csv", submitted=submitted(order_id, n)),
        FulfillmentReleased(order_id=order_id, by="automatic"),
        DeliveryRequested(**export, due_at=NOON + timedelta(seconds=n)),
        FulfillmentExported(**export, their_id=f"{order_id}-csv.csv"),
    )


def submitted(order_id: str, n: int) -> SubmittedOrder:
    address = Address(street=f"{n} Example Street", city="Austin", postal="78701", region="TX", country="US")
    line = {"sku": "RN-PIL-01", "quantity": 2, "unit_price": 4995, "price": 9990, "shipping": 1390, "tax": 824, "total": 12204}
    lines = tuple(QuoteLine(line=number, product=str(number), name="Cloud pillow", **line) for number in (1, 2, 3))
    body = OrderBody(
        order_id=order_id,
        campaign="restful",
        campaign_name="Restful Nights (phone)",
        customer_id=f"{n + 10**9}",
        call=Call(agent="agent:agent1", started_at=NOON),
        customer=Person(first_name="Customer", last_name=f"A{n}", phone="+1 512 555 0142"),
        billing=address,
        shipping=address,
        quote=Quote(currency="USD", lines=lines, price=29970, shipping=4170, tax=2472, total=36612, tax_rate="8.25"),
    )
    rules = Rules(campaign="restful", campaign_version=3, settings_version=2, skip_qa=False, qa_share=10)
    return SubmittedOrder(
        order_id=order_id,
        attempt=1,
        method="card",
        amount=36612,
        currency="USD",
        placed_by="agent:agent1",
        submitted_at=NOON,
        order=body,
        rules=rules,
    )
