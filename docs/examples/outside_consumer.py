"""A warehouse that listens: reads ``ringup.qa`` from Kafka, asks Ringup where each approved order goes, and keeps both in a book of its own.

    pip install aiokafka httpx
    RINGUP_API_KEY=rk_… python outside_consumer.py --kafka localhost:9092 --ringup https://orders.example.com --book warehouse.db

It knows nothing of Ringup's code. Killed at any moment and started again it leaves out no order and ships none twice.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import sys

import httpx
from aiokafka import AIOKafkaConsumer

APPROVED = "ringup.qa.OrderApproved"
AGAIN = 5.0
"""Seconds until what could not be done is tried again."""


class Book:
    """What is to be shipped, one row an order: the same order once more is no news. What is written is on the disk."""

    def __init__(self, path):
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, lines TEXT, state TEXT DEFAULT 'wanted', name TEXT, address TEXT)")

    def want(self, order_id, lines):
        self._db.execute("INSERT OR IGNORE INTO orders (id, lines) VALUES (?, ?)", (order_id, json.dumps(lines)))

    def wanted(self):
        return [row[0] for row in self._db.execute("SELECT id FROM orders WHERE state = 'wanted' ORDER BY rowid")]

    def ship(self, order_id, name, address):
        self._db.execute("UPDATE orders SET state = 'to ship', name = ?, address = ? WHERE id = ?", (name, json.dumps(address), order_id))

    def drop(self, order_id):
        self._db.execute("UPDATE orders SET state = 'not any more' WHERE id = ?", (order_id,))


async def read(consumer, book, news):
    """Kafka may bring a record twice, so that it is written down first and only then told that it was read."""
    async for record in consumer:
        headers = {name: value.decode() for name, value in record.headers}
        if headers.get("ce_type") == APPROVED:
            event = json.loads(record.value)
            book.want(event["order_id"], [{"sku": line["sku"], "quantity": line["quantity"]} for line in event["lines"]])
            news.set()
        await consumer.commit()


async def ship(ringup, book, news):
    """The address is in no event that can be read outside: it is asked for when it is needed, which Ringup writes down."""
    while True:
        news.clear()
        for order_id in book.wanted():
            await ask(ringup, book, order_id)
        try:
            await asyncio.wait_for(news.wait(), AGAIN)
        except TimeoutError:
            continue


async def ask(ringup, book, order_id):
    """What is held, or cannot be asked for now, stays wanted."""
    try:
        answer = await ringup.get(f"/api/v1/shipments/{order_id}")
    except httpx.TransportError as error:
        print(f"Ringup does not answer: {error}", file=sys.stderr)
        return
    if answer.status_code in (401, 403):
        sys.exit("Ringup does not take this API key. It needs the scope shipments:read.")
    if answer.status_code != 200:
        return
    shipment = answer.json()
    if shipment["cancelled"]:
        book.drop(order_id)
    elif shipment["approved"] and not shipment["held"]:
        customer = shipment["customer"]
        book.ship(order_id, f"{customer['first_name']} {customer['last_name']}", shipment["ship_to"])
        print(f"{order_id} is to be shipped.", flush=True)


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--ringup", required=True)
    parser.add_argument("--topic", default="ringup.qa")
    parser.add_argument("--book", default="warehouse.db")
    given = parser.parse_args()
    book, news = Book(given.book), asyncio.Event()
    consumer = AIOKafkaConsumer(
        given.topic, bootstrap_servers=given.kafka, group_id="warehouse", auto_offset_reset="earliest", enable_auto_commit=False
    )
    key = {"authorization": f"Bearer {os.environ['RINGUP_API_KEY']}"}
    async with httpx.AsyncClient(base_url=given.ringup, headers=key) as ringup, consumer, asyncio.TaskGroup() as tasks:
        tasks.create_task(read(consumer, book, news))
        tasks.create_task(ship(ringup, book, news))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(130)
