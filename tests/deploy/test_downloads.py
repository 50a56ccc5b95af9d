"""What is brought once a machine is whole or not there."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.downloads import Unobtainable, java, kafka_jars, once


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_of_several_at_once_one_brings_it():
    begun, brought = threading.Barrier(4), []

    def bring(folder):
        brought.append(folder)
        folder.mkdir()
        (folder / "whole").touch()

    def wanted(_):
        begun.wait()
        return (once("thing", bring) / "whole").exists()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(wanted, range(4))) == [True] * 4
    assert len(brought) == 1


def test_what_broke_off_is_brought_again():
    def breaks_off(folder):
        folder.mkdir()
        raise Unobtainable("no line")

    with pytest.raises(Unobtainable, match="no line"):
        once("thing", breaks_off)
    assert once("thing", lambda folder: folder.mkdir()).is_dir()


def found(folder, name, script):
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unobtainable, match=r"^Java 17 or newer is missing, for Kafka\.$"):
        java()
    with pytest.raises(Unobtainable, match="Maven is missing"):
        kafka_jars()


def test_java_must_be_new_enough(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    found(tmp_path, "java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2")
    with pytest.raises(Unobtainable, match=r"needs Java 17 or newer; this is openjdk version \"11\.0\.2\""):
        java()
    found(tmp_path, "java", "echo 'openjdk version \"21.0.1\" 2023-10-17' >&2")
    assert java() == str(tmp_path / "java")


def test_what_a_tool_says_of_its_failure_is_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    found(tmp_path, "mvn", "echo 'Could not resolve kafka_2.13' >&2; exit 1")
    with pytest.raises(Unobtainable, match=r"Maven could not bring Kafka: Could not resolve kafka_2\.13"):
        kafka_jars()
