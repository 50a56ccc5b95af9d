"""What must hold of shipments, asked of the log and of what arrived in the plugins' inboxes."""

from collections import Counter, defaultdict

from shared.contracts import customers, fulfillment, qa
from shared.kernel.codec import ERASED

_STOPS = (qa.OrderDenied, fulfillment.OrderCancelled)


def not_exported_twice(evidence):
    """P3: however often it was sent, each plugin has one shipment of an order, always the same one, and no line is shipped by two."""
    found, lines = defaultdict(set), defaultdict(dict)
    for came in evidence.world.inbox.received:
        found[came.order, came.plugin].add((came.export_id, came.text))
        lines[came.order].update({(line, came.plugin): came.export_id for line in came.lines})
    for (order, plugin), exports in found.items():
        if len(exports) > 1 or next(iter(exports))[0] != f"{order}-{plugin}":
            yield f"{order} was exported to {plugin} as {sorted(exports)}"
    for order, shipped in lines.items():
        twice = [line for line, times in Counter(line for line, _ in shipped).items() if times > 1]
        if twice:
            yield f"{order} has lines {twice} with {sorted(set(shipped.values()))}"


def asked_before_sent_again(evidence):
    """P3: what may have arrived is asked for first, so that nobody is sent anything twice that can be asked."""
    sent = Counter(came.export_id for came in evidence.world.inbox.received if not came.again and not came.by_itself)
    for export_id, times in sent.items():
        if times > 1 + evidence.world.inbox.unheard_of[export_id]:
            yield f"{export_id} was sent {times} times, and asked for {evidence.world.inbox.unheard_of[export_id]} times"


def delivered_by_approval(evidence):
    """P7, of what arrived: approved when it did, neither denied nor cancelled before."""
    for came in evidence.world.inbox.received:
        if not evidence.before(came.order, came.place, qa.OrderApproved):
            yield f"{came.order} was delivered to {came.plugin} without approval"
        if evidence.before(came.order, came.place, *_STOPS):
            yield f"{came.order} was delivered to {came.plugin} though it was stopped"


def exported_once(evidence):
    """Each record says so once, and again only where somebody wanted it sent once more."""
    for order in evidence.orders:
        done, wanted = Counter(), Counter()
        for event in evidence.of(order, fulfillment.FulfillmentExported, fulfillment.DeliveryRequested):
            if isinstance(event, fulfillment.DeliveryRequested):
                wanted[event.export_id] += bool(event.by)
            else:
                done[event.export_id] += 1
        for export_id, times in done.items():
            if times > 1 + wanted[export_id]:
                yield f"{export_id} was exported {times} times, and wanted again {wanted[export_id]} times"


def held_back(evidence):
    """What is held, or stopped, nobody takes up; what went out before may be sent once more."""
    for order in evidence.orders:
        held, out, stopped = False, set(), set()
        for _, event in evidence.orders[order]:
            match event:
                case fulfillment.FulfillmentHeld():
                    held = True
                case fulfillment.FulfillmentReleased(by_hand=True):
                    held = False
                case fulfillment.FulfillmentExported(export_id=export_id):
                    out.add(export_id)
                case fulfillment.FulfillmentCancelled(export_id=export_id):
                    stopped.add(export_id)
                case fulfillment.DeliveryClaimed(export_id=export_id):
                    if held and export_id not in out:
                        yield f"{export_id} was taken up while it was held"
                    if {export_id, ""} & stopped:
                        yield f"{export_id} was taken up though it was stopped"


def all_went_out(evidence):
    """Each record of an approved order was exported or stopped, or a person has to find out; and who was asked to stop one has answered."""
    for order in evidence.orders:
        if not evidence.of(order, qa.OrderApproved) or evidence.of(order, *_STOPS):
            continue
        ended = {event.export_id for event in evidence.of(order, fulfillment.FulfillmentExported, fulfillment.FulfillmentCancelled)}
        ended |= {event.export_id for event in evidence.of(order, fulfillment.PluginCancelAnswered) if event.answer == "unknown"}
        for created in evidence.of(order, fulfillment.FulfillmentRecordCreated):
            if f"{order}-{created.plugin}" not in ended:
                yield f"{order}-{created.plugin} was approved, and neither exported nor stopped"
        asked = {event.export_id for event in evidence.of(order, fulfillment.PluginCancelRequested)}
        answered = {event.export_id for event in evidence.of(order, fulfillment.PluginCancelAnswered) if event.answer != "none"}
        for export_id in sorted(asked - answered):
            yield f"{export_id} was to be stopped, and nobody said whether it was"


def nothing_erased_is_shipped(evidence):
    """Nobody ships to a customer who is forgotten, and of what lies here of them nothing is left."""
    for came in evidence.world.inbox.received:
        if ERASED in came.name:
            yield f"{came.export_id} was delivered to nobody any more"
    gone = {order for fact in evidence.facts if isinstance(fact.event, customers.CustomerErased) for order in fact.event.order_ids}
    for plugin, export_id in sorted(evidence.world.inbox.files):
        if plugin == "csv" and export_id.partition("-")[0] in gone:
            yield f"{export_id} lies in the drop, and its customer is erased"


CHECKS = (
    not_exported_twice, asked_before_sent_again, delivered_by_approval, exported_once, held_back, all_went_out, nothing_erased_is_shipped,
)  # fmt: skip
