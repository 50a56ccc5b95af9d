"""What is found from the outside once all is quiet: events, the gateway's own ledger and the plugins' inboxes, beside what clients were told."""

import json
from collections import Counter, defaultdict

from shared.contracts.registry import SERVICES
from shared.engines.cluster import mongo
from shared.engines.cluster.keyring import MongoKeyring
from shared.engines.cluster.streams import MongoStreams
from shared.ids import INSTALLATION, order_id
from tests.chaos.test_kill import events_are_whole
from tests.chaos.victim import MALFORMED
from tests.house.shop import BROKE, GOOD, LOST_AFTER, LOST_BEFORE

ONCE = ("OrderApproved", "OrderCancelled", "OrderSubmitted", "PaymentAuthorized", "PaymentCaptured")
CHARGED = {GOOD, LOST_AFTER, LOST_BEFORE, MALFORMED, "cancelled by card"}


class Found:
    """``events``: order -> type -> data of each. ``ledger``: order -> entries. ``shipped``: order -> plugin -> export ids that came there."""

    def __init__(self, events, ledger, inboxes):
        self.events = events
        self.shipped = defaultdict(dict)
        for plugin, export_ids in inboxes.items():
            for export_id in export_ids:
                self.shipped[export_id.partition("-")[0]].setdefault(plugin, set()).add(export_id)
        self.ledger = defaultdict(list)
        for entry in ledger:
            self.ledger[entry["reference"].split("-")[0]].append(entry)

    def happened(self, order, type):
        return self.events[order].get(type, [])

    def submitted(self, order):
        found = self.happened(order, "OrderSubmitted")
        return found[0]["submitted"] if found else None

    def plugins(self, order):
        """Who is to ship something of it."""
        return {created["plugin"] for created in self.happened(order, "FulfillmentRecordCreated")}

    def end(self, order):
        """Of an order that was submitted; what it would wait for is a person."""
        if self.happened(order, "OrderCancelled") or self.happened(order, "OrderDenied"):
            return "Cancelled"
        if self.happened(order, "OrderApproved"):
            left = self.plugins(order) - self.shipped[order].keys()
            stopped = {cancelled.get("plugin") for cancelled in self.happened(order, "FulfillmentCancelled")}
            return "Approved" if left - stopped else "Stopped" if left else "Complete"
        if self.happened(order, "QualityReviewRequested"):
            return "Pending"
        return "Declined" if self.happened(order, "OrderDeclined") else "Processing"


async def found(settings, ledger, exports, **inboxes):
    """``inboxes``: the export ids that came to other plugins than the CSV drop. Raises where a stream has a gap, or something happened in it
    more than once."""
    events = defaultdict(lambda: defaultdict(list))
    client = mongo.connect(settings.mongo, "chaos")
    for service in SERVICES:
        streams = MongoStreams(client[f"{settings.installation}_{service}"], lambda: None)
        await events_are_whole(streams)
        async for stream in _streams(streams):
            for stored in stream:
                type = dict(stored.headers)["ce_type"].rpartition(".")[2]
                events[stored.stream.partition("-")[2]][type].append(json.loads(stored.data))
    client.close()
    return Found(events, ledger, {"csv": {path.stem for path in exports.glob("*.csv")}, **inboxes})


async def _streams(streams):
    after = ""
    while names := await streams.names(after=after):
        for name, _ in names:
            yield await streams.load(name)
        after = names[-1][0]


async def order_ids(settings, told):
    """Also of those whose client never had an answer."""
    client = mongo.connect(settings.mongo, "chaos")
    keyring = MongoKeyring(client[f"{settings.installation}_keys"], settings.master_keys)
    await keyring.prepare()
    key = keyring.derived(INSTALLATION)
    client.close()
    return {each.key: each.order_id or order_id(key, "agent:agent1", each.key) for each in told}


def wrong(found, told, ids):
    """A sentence for each promise that is broken."""
    for each in told:
        id = ids[each.key]
        yield from (f"{id}, {each}: {what}" for what in _of_client(found, each, id))
    for id in found.events:
        if found.submitted(id):
            yield from (f"{id}: {what}" for what in (*_of_money(found, id), *_of_export(found, id)))
    references = Counter(entry["reference"] for entries in found.ledger.values() for entry in entries)
    yield from (f"{reference} is {times} times in the ledger" for reference, times in references.items() if times > 1)


def _of_client(found, told, id):
    if not found.submitted(id):
        if told.placed == "ok":
            yield "accepted, and lost"
        return
    if told.placed == "refused":
        yield "refused, and placed"
    end = found.end(id)
    if end not in _ends(found, told, id):
        yield f"it is {end}"
    asked = found.happened(id, "PluginCancelRequested")
    if told.then == "ok" and told.kind.startswith("cancelled") and end != "Cancelled" and not asked:
        yield f"it was cancelled, and is {end}"
    if told.then == "refused" and told.kind.startswith("cancelled") and end == "Cancelled":
        yield "its cancelling was refused, and was done"
    if told.then == "ok" and told.kind in ("reviewed", "denied") and end != {"reviewed": "Complete", "denied": "Cancelled"}[told.kind]:
        yield f"it was {told.kind}, and is {end}"


def _ends(found, told, id):
    skips = found.submitted(id)["rules"]["skip_qa"]
    if told.kind == BROKE:
        return ("Declined",)
    if told.kind in CHARGED or skips:
        return ("Complete", "Cancelled", "Stopped") if told.kind.startswith("cancelled") else ("Complete",)
    return {"external": ("Pending",), "cancelled": ("Pending", "Cancelled"), "reviewed": ("Pending", "Complete"), "denied": ("Pending", "Cancelled")}[
        told.kind
    ]


def _of_money(found, id):
    """Captured at most what was submitted, nothing for an order that is not charged, and everything else given back."""
    done = [entry for entry in found.ledger[id] if entry["status"] == "approved"]
    captured, refunded = (sum(entry["amount"] for entry in done if entry["kind"] == kind) for kind in ("capture", "refund"))
    submitted = found.submitted(id)
    if captured > submitted["amount"]:
        yield f"{captured} was captured of {submitted['amount']}"
    if found.end(id) == "Complete" and submitted["method"] == "card" and captured != submitted["amount"]:
        yield f"it is complete, and {captured} was captured of {submitted['amount']}"
    if refunded != (captured if found.end(id) == "Cancelled" else 0):
        yield f"it is {found.end(id)}, and {refunded} was given back of {captured}"
    for entry in done:
        follow_ups = [each["kind"] for each in done if each.get("authorization") == entry["reference"] and each["kind"] != "refund"]
        if entry["kind"] == "authorize" and len(follow_ups) != 1:
            yield f"the authorisation {entry['reference']} was followed by {follow_ups or 'nothing'}"


def _of_export(found, id):
    """P3 of each plugin: one export id, which is the order's and the plugin's own; P7 of the order."""
    exported = Counter(event["plugin"] for event in found.happened(id, "FulfillmentExported"))
    shipped = found.shipped[id]
    for plugin in sorted(exported.keys() | shipped.keys()):
        if bool(exported[plugin]) != (plugin in shipped):
            yield f"what {plugin} ships is {'missing' if exported[plugin] else 'there, and no event says so'}"
        if exported[plugin] > 1:
            yield f"it was exported {exported[plugin]} times to {plugin}"
        if shipped.get(plugin, set()) - {f"{id}-{plugin}"}:
            yield f"{plugin} has it as {sorted(shipped[plugin])}"
        if plugin not in found.plugins(id):
            yield f"{plugin} ships what nobody has recorded"
    yield from _of_gate(found, id)


def _of_gate(found, id):
    approved, out = found.happened(id, "OrderApproved"), any(found.shipped[id].values())
    submitted = found.submitted(id)
    if out and not approved:
        yield "it was exported without an approval"
    if out and submitted["method"] != "external" and submitted["amount"] and not found.happened(id, "PaymentCaptured"):
        yield "it was exported before the money was taken"
    if approved and approved[0]["by"] == "skip_qa" and not found.submitted(id)["rules"]["skip_qa"]:
        yield "it skipped quality assurance, and its settings do not"
    for type in ONCE:
        if len(found.happened(id, type)) > 1:
            yield f"{type} happened {len(found.happened(id, type))} times"
