"""What the services tell of an order stands together on one page."""

from services.gateway.pages.summary import _newest


def test_payments_are_asked_for_what_the_timeline_knows_of_them():
    rows = [
        {"stream": "order-7K2M9QX4TB", "version": 9, "type": "ringup.cart.OrderSubmitted"},
        {"stream": "payment-7K2M9QX4TB", "version": 1, "type": "ringup.payments.AttemptOpened"},
        {"stream": "payment-7K2M9QX4TB", "version": 3, "type": "ringup.payments.PaymentAuthorized"},
        {"stream": "payment-7K2M9QX4TB", "version": 4, "type": "ringup.payments.CaptureClaimed"},
        {"stream": "payment-0000000001", "version": 7, "type": "ringup.payments.PaymentCaptured"},
    ]
    assert _newest(rows, "payment-7K2M9QX4TB", "") == "payment-7K2M9QX4TB@3"
    assert _newest(rows[:1], "payment-7K2M9QX4TB", "order-7K2M9QX4TB@9") == ""


def test_what_the_page_has_heard_of_is_not_forgotten_where_the_timeline_is_behind():
    rows = [{"stream": "payment-7K2M9QX4TB", "version": 3, "type": "ringup.payments.PaymentAuthorized"}]
    assert _newest(rows, "payment-7K2M9QX4TB", "payment-7K2M9QX4TB@5") == "payment-7K2M9QX4TB@5"
    assert _newest(rows, "payment-7K2M9QX4TB", "order-7K2M9QX4TB@12,payment-7K2M9QX4TB@4,shipment-7K2M9QX4TB@1") == "payment-7K2M9QX4TB@4"
    assert _newest(rows, "payment-7K2M9QX4TB", "payment-7K2M9QX4TB@2") == "payment-7K2M9QX4TB@3"
