"""How one Kafka broker that is its own controller is set up, wherever it runs."""

from __future__ import annotations

VERSION = "4.1.2"
LARGEST = 5_000_000
"""Bytes of a record: CampaignPublished may have 4 MB."""


def properties(port: int, controller: int, host: str = "127.0.0.1") -> dict[str, str]:
    """Listens on ``host`` and tells clients 127.0.0.1. Back soon after a kill, groups form at once, offsets and records are kept for ever."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{host}:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "500",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "offsets.retention.minutes": str(2**31 - 1),
        "log.retention.ms": "-1",
        "message.max.bytes": str(LARGEST),
        "auto.create.topics.enable": "false",
    }
