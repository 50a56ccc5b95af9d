"""A submitted order to test with."""

from datetime import UTC, datetime

from shared.contracts.order import Address, OrderBody, Part, Person, Quote, QuoteLine, Rules, SubmittedOrder

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDER = "7K2M9QX4TB"


def submitted(method="card", amount=5690, attempt=1, **rules):
    line = QuoteLine(
        line=1, product="1", name="Cloud pillow", sku="RN-PIL-01", quantity=1, unit_price=4995, price=4995, shipping=695, tax=0, total=5690
    )
    quote = Quote(currency="USD", lines=(line,), price=4995, shipping=695, total=5690)
    order = OrderBody(order_id=ORDER, campaign="restful", customer=Person(first_name="Customer", last_name="A"), billing=Address(), quote=quote)
    stamped = {"campaign": "restful", "campaign_version": 1, "settings_version": 1, "skip_qa": False, "qa_share": 0, **rules}
    return SubmittedOrder(
        order_id=ORDER,
        attempt=attempt,
        method=method,
        amount=amount,
        currency="USD",
        placed_by="agent:agent1",
        submitted_at=NOON,
        order=order,
        rules=Rules(**stamped),
    )


def parts(*amounts):
    return tuple(Part(number=n, gateway="simulator", amount=amount) for n, amount in enumerate(amounts, 1))


def order_of(order_id, *plugins):
    """A line for each."""
    order = submitted()
    lines = [order.order.quote.lines[0].model_copy(update={"line": n, "plugin": plugin}) for n, plugin in enumerate(plugins, 1)]
    body = order.order.model_copy(update={"order_id": order_id, "quote": order.order.quote.model_copy(update={"lines": tuple(lines)})})
    return order.model_copy(update={"order_id": order_id, "order": body})
