"""What is brought once a machine is whole or not there."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.downloads import Unobtainable, once


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
