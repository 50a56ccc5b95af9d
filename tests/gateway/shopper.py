"""A customer at the checkout page, without a browser, and the orders that agents keep for them."""

import html
import itertools
import re
import uuid
from dataclasses import dataclass, field

from shared.clients import Caller, call
from tests.cards import fresh
from tests.house.shop import until

AGENT = Caller("agent:agent1", "agent")
SUPERVISOR = Caller("agent:supervisor1", "supervisor")
BROKE, LOST_AFTER = "4000000000009995", "4000000000000259"
ADDRESS = {"street": "100 Example Street", "unit": "Apt 4", "city": "Austin", "postal": "78701", "region": "TX", "country": "US"}
PERSON = {"first_name": "Customer", "last_name": "K", "email": "customer.k@example.com", "phone": "+1 512 555 0147"}
TYPED = {**{f"customer.{name}": value for name, value in PERSON.items()}, **{f"billing.{name}": value for name, value in ADDRESS.items()}}
WHOLE = {**TYPED, "shipping_same": "yes"}
_IDS = (str(n) for n in itertools.count(70_000))
_ADDRESSES = (f"198.51.{n // 250}.{n % 250 + 1}" for n in itertools.count())


@dataclass(frozen=True)
class Sold:
    """A campaign with a checkout page, and what can be bought of it."""

    id: str
    pillow: str
    topper: str
    spray: str
    express: str
    body: dict = field(repr=False, hash=False, compare=False)


async def sold(ringup, **sections):
    """Published, and known to cart."""
    id, pillow, topper, twin, spray, standard, express, coupon, once = (next(_IDS) for _ in range(9))
    body = {
        "name": "Sleep well",
        "kind": "ecommerce",
        "listed": False,
        "checkout": True,
        "countries": ["US", "CA", "DE"],
        "terms_required": True,
        "terms": "Goods may be sent back.\n\nThe spray is a trial.",
        "max_coupons": 2,
        "offers": [
            {"id": pillow, "name": "Cloud pillow", "sku": "P-1", "price": 4995, "shipping_price": 695, "max_quantity": 10},
            {"id": topper, "name": "Topper", "sku": "T", "price": 11900, "options": [{"name": "Size", "values": ["Twin"]}],
             "variants": [{"id": twin, "sku": "T-1", "values": ["Twin"], "price": 8900}]},
            {"id": spray, "name": "Spray", "sku": "S-1", "price": 495, "trial_days": 14, "kind": "upsell"},
        ],
        "profiles": [{"id": standard, "name": "Standard", "default": True}, {"id": express, "name": "Express", "entire_order": True,
                     "rules": [{"id": "1", "country": "US", "price": 3490}]}],
        "coupons": [{"id": coupon, "code": "SLEEP10", "percent": "10"}, {"id": once, "code": "ENDED", "percent": "5", "ends": "2020-01-01"}],
        "fields": [{"id": "1", "label": "Size of the bed", "kind": "choice", "choices": ["Twin", "Queen"]}],
        **sections,
    }  # fmt: skip
    found = Sold(id, pillow, twin, spray, express, body)
    await publish(ringup, found, body)
    return found


async def publish(ringup, campaign, body):
    clients = ringup.all.house.clients
    answer = await call(clients["catalog"], SUPERVISOR, "PUT", f"/campaigns/{campaign.id}", body, key=uuid.uuid4().hex)
    assert answer.status == 200, answer.json()
    number = answer.json()["number"]

    async def known():
        return (await call(clients["cart"], SUPERVISOR, "GET", f"/campaigns/{campaign.id}/{number}")).status == 200

    await until(known)


async def cart(ringup, method, path, body=None, caller=AGENT, status=(200, 201, 202), **kwargs):
    answer = await call(ringup.all.house.clients["cart"], caller, method, path, body, key=uuid.uuid4().hex, **kwargs)
    assert answer.status in (status if isinstance(status, tuple) else (status,)), (path, answer.status, answer.json())
    return answer.json()


async def drafted(ringup, campaign, lines=None, **changes):
    """An order that an agent keeps for its customer; its id."""
    order = await cart(ringup, "POST", "/orders", {"campaign": campaign.id})
    wanted = [{"product": product, "quantity": quantity} for product, quantity in (lines or {campaign.pillow: 2}).items()]
    sections = {"customer": PERSON, "billing": ADDRESS, "lines": wanted, **changes}
    await cart(ringup, "POST", f"/orders/{order['order_id']}/changes", sections)
    await cart(ringup, "POST", f"/orders/{order['order_id']}/no-sale", {"disposition": "thinking"})
    return order["order_id"]


async def linked(ringup, order_id, **more):
    """{link_id, token, …}"""
    return (await cart(ringup, "POST", f"/orders/{order_id}/links", {"channel": "copy", **more}))["link"]


class Shopper:
    """Follows redirects within the page, and sends its forms with what they carry."""

    def __init__(self, somebody, campaign):
        self.http = somebody.http
        self.here = f"/checkout/{campaign.id}"
        self.text = ""
        self.status = 0
        self.path = ""

    async def open(self, more=""):
        return self._seen(await self.http.get(self.here + more, headers={"accept": "text/html"}, follow_redirects=True))

    async def send(self, more="", *, again=None, **typed):
        """The form that is shown, or one that was shown before."""
        data = {**(again or self.hidden()), **typed}
        return self._seen(await self.http.post(self.here + more, data=data, headers={"accept": "text/html"}, follow_redirects=True))

    async def token(self, number="", **more):
        """Of a fresh card where none is named."""
        card = {"number": number or fresh(), "expiry": "12/49", "cvv": "737", **more}
        headers = {"accept": "application/json", "x-csrf-token": self.hidden()["csrf"], "idempotency-key": uuid.uuid4().hex}
        return await self.http.post(f"{self.here}/token", json=card, headers=headers)

    async def pay(self, number="", **typed):
        answer = await self.token(number)
        assert answer.status_code == 201, answer.text
        return await self.send("/pay", payment=answer.json()["token"], terms="shown", terms_agreed="yes", **typed)

    async def settled(self):
        """Until the outcome is there."""

        async def there():
            await self.open("/done")
            return "being confirmed" not in self.text

        await until(there)
        return self

    def hidden(self):
        found = {name: re.search(rf'name="{name}" value="([^"]*)"', self.text) for name in ("csrf", "key", "version", "total")}
        return {name: value[1] for name, value in found.items() if value}

    @property
    def title(self):
        return html.unescape(re.search(r"<h1>(.*?)</h1>", self.text)[1])

    @property
    def total(self):
        found = re.search(r"Total</dt><dd>(.*?)</dd>", self.text)
        return found and found[1]

    @property
    def order_id(self):
        return re.search(r"order ([0-9A-HJKMNP-TV-Z]{10})", self.text)[1]

    def errors(self):
        """Sentence by field."""
        found = re.findall(r'<p class="error" id="([^"]+)-note">.*?</svg>(.*?)</p>', self.text)
        return {name: html.unescape(said) for name, said in found}

    def value(self, name):
        found = re.search(rf'<input id="{re.escape(name)}"[^>]*? value="([^"]*)"', self.text)
        return found and html.unescape(found[1])

    def _seen(self, answer):
        self.text, self.status, self.path, self.answer = answer.text, answer.status_code, answer.url.path, answer
        assert answer.status_code < 500, answer.text
        return self


async def shopper(ringup, campaign, client=None):
    """From an address of its own, so that nobody is counted with others."""
    return Shopper(await ringup.nobody(client or next(_ADDRESSES)), campaign)
