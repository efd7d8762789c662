from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from rosbags.rosbag2 import StoragePlugin, Writer

from test.bags.recorder_process import payload
from wam_ros.bags.definitions import base_typestore, make_message
from wam_ros.bags.mcap_records import scan
from wam_ros.bags.reader import BagReader
from wam_ros.bags.repair import repair
from wam_ros.bags.writer import BagWriter
from wam_ros.core import BagError

STRING = "std_msgs/msg/String"
ROOT = Path(__file__).resolve().parents[2]


def _bag(path: Path, compression: str = "none") -> list[tuple[str, int, bytes]]:
    """A bag of several chunks; gives what is in it."""
    rng = np.random.default_rng(3)
    sent = []
    with BagWriter(path, compression=compression, flush_period_s=None) as bag:  # type: ignore[arg-type]
        bag.add_topic("/a", "sensor_msgs/msg/Image")
        bag.add_topic("/static", "tf2_msgs/msg/TFMessage", latched=True)
        for number in range(60):
            topic = "/static" if number % 20 == 0 else "/a"
            raw = rng.bytes(int(rng.integers(10, 3000)))
            bag.write(topic, raw, 1000 + number)
            sent.append((topic, 1000 + number, raw))
            if number % 9 == 8:
                bag.flush()
                if number == 26:
                    bag.add_topic("/late", STRING)
    return sent


def _contents(path: Path) -> list[tuple[str, int, bytes]]:
    with BagReader(path) as reader:
        return [(topic, stamp, bytes(raw)) for topic, stamp, raw in reader.raw()]


# Large messages fill chunks by themselves; small ones get to the file by nothing but the flushing each second.
@pytest.mark.parametrize(("size", "period"), [(100_000, 0.01), (1_000, 0.05)])
def test_killed_recorder_loses_at_most_its_last_second(tmp_path, size, period):
    path = tmp_path / "bag"
    program = [sys.executable, "-m", "test.bags.recorder_process", str(path), str(size), str(period)]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        time.sleep(2.5)
        killed_ns = time.monotonic_ns()
        process.kill()
    assert not (path / "metadata.yaml").exists()
    with pytest.raises(BagError, match="run `wam bag repair"):
        BagReader(path)

    report = repair(path)
    messages = _contents(path)
    assert report.messages_kept == len(messages)
    assert not report.healthy
    assert report.metadata_rebuilt
    assert [raw for _, _, raw in messages] == [payload(number, size) for number in range(len(messages))]
    assert messages[0][1] < killed_ns - 2_000_000_000
    assert messages[-1][1] > killed_ns - 1_000_000_000
    again = repair(path)
    assert again.healthy
    assert again.messages_kept == len(messages)


def test_a_lone_message_does_not_wait_for_the_next_one(tmp_path):
    with BagWriter(tmp_path / "bag", flush_period_s=0.05) as bag:
        bag.add_topic("/a", STRING)
        bag.write_message("/a", make_message(STRING, data="x"), 1)
        give_up = time.monotonic() + 30.0
        while scan(tmp_path / "bag" / "bag_0.mcap").message_count == 0:
            assert time.monotonic() < give_up, "the message never reached the file"
            time.sleep(0.01)


@pytest.mark.parametrize("compression", ["none", "zstd", "lz4"])
def test_every_whole_chunk_survives_any_truncation(tmp_path, compression):
    sent = _bag(tmp_path / "whole", compression)
    data = (tmp_path / "whole" / "whole_0.mcap").read_bytes()
    with (tmp_path / "whole" / "whole_0.mcap").open("rb") as stream:
        summary = make_reader(stream).get_summary()
    assert summary is not None
    ends = [index.chunk_start_offset + index.chunk_length for index in summary.chunk_indexes]
    last_stamps = [index.message_end_time for index in summary.chunk_indexes]
    assert len(ends) == 7

    @settings(derandomize=True, max_examples=40, deadline=None)
    @given(st.one_of(st.integers(0, len(data)), st.sampled_from([e + d for e in ends for d in (-1, 0, 1, 9)])))
    def check(cut: int) -> None:
        bag = tmp_path / "cut"
        shutil.rmtree(bag, ignore_errors=True)
        bag.mkdir()
        (bag / "cut_0.mcap").write_bytes(data[:cut])
        report = repair(bag)
        whole = [last for end, last in zip(ends, last_stamps) if end <= cut]
        expected = [message for message in sent if whole and message[1] <= whole[-1]]
        assert _contents(bag) == expected
        assert report.messages_kept == len(expected)
        assert repair(bag).healthy
        if cut < len(data):
            assert (bag / "cut_0.mcap.damaged").read_bytes() == data[:cut]
        if cut >= ends[-1] + 500:
            assert {topic.name for topic in _topics(bag) if topic.latched} == {"/static"}

    check()


def _topics(path: Path):
    with BagReader(path) as reader:
        return list(reader.topics.values())


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255), st.integers(0, 4000))
def test_flipped_bits_never_crash_and_never_alter_a_message(tmp_path_factory, place, change, zeros):
    folder = tmp_path_factory.mktemp("flip")
    sent = _bag(folder / "bag")
    file = folder / "bag" / "bag_0.mcap"
    data = bytearray(file.read_bytes())
    place = 60 + place * (len(data) - 61) // 10_000  # after mark and header
    data[place] ^= change
    file.write_bytes(bytes(data) + bytes(zeros))
    report = repair(folder / "bag")
    kept = _contents(folder / "bag")
    assert report.messages_kept == len(kept)
    left = list(sent)
    for topic, stamp, raw in kept:  # what is left is in order, to the byte; a stamp in the record is guarded by the sum
        while left[0] != (topic, stamp, raw):
            left.pop(0)


def test_chunk_with_wrong_checksum_is_dropped_and_the_rest_kept(tmp_path):
    sent = _bag(tmp_path / "bag")
    file = tmp_path / "bag" / "bag_0.mcap"
    data = file.read_bytes()
    victim = next(number for number, message in enumerate(sent) if number > 20 and len(message[2]) > 100)
    place = data.index(sent[victim][2])
    file.write_bytes(data[: place + 50] + bytes([data[place + 50] ^ 1]) + data[place + 51 :])
    report = repair(tmp_path / "bag")
    chunk = victim // 9
    assert _contents(tmp_path / "bag") == sent[: 9 * chunk] + sent[9 * (chunk + 1) :]
    assert report.bytes_dropped > sum(len(raw) for _, _, raw in sent[9 * chunk : 9 * (chunk + 1)])
    assert "bag_0.mcap.damaged" in str(report)


@pytest.mark.parametrize("from_end", range(30, 1500, 70))
def test_a_broken_index_is_made_anew_and_no_message_is_lost(tmp_path, from_end):
    sent = _bag(tmp_path / "bag")
    file = tmp_path / "bag" / "bag_0.mcap"
    data = bytearray(file.read_bytes())
    data[-from_end] ^= 0x55
    file.write_bytes(bytes(data))
    report = repair(tmp_path / "bag")
    assert (report.healthy, report.messages_kept, report.bytes_dropped) == (False, 60, 0)
    assert _contents(tmp_path / "bag") == sent


def test_healthy_bag_is_left_alone_and_said_so(tmp_path):
    sent = _bag(tmp_path / "bag")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "bag").iterdir()}
    report = repair(tmp_path / "bag")
    assert str(report).endswith("healthy, 60 messages; nothing was changed")
    assert report.messages_kept == len(sent)
    assert before == {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in (tmp_path / "bag").iterdir()}


def test_healthy_bag_of_another_writer_is_left_alone(tmp_path):
    with Writer(tmp_path / "other", version=8, storage_plugin=StoragePlugin.MCAP) as bag:
        connection = bag.add_connection("/a", STRING, typestore=base_typestore())
        bag.write(connection, 1, base_typestore().serialize_cdr(make_message(STRING, data="x"), STRING))
    assert repair(tmp_path / "other").healthy


@pytest.mark.parametrize("damage", ["missing", "rubbish", "other count"])
def test_lost_metadata_is_rebuilt_as_it_was(tmp_path, damage):
    _bag(tmp_path / "bag")
    metadata = tmp_path / "bag" / "metadata.yaml"
    before = metadata.read_text()
    if damage == "missing":
        metadata.unlink()
    else:
        metadata.write_text("{" if damage == "rubbish" else before.replace("message_count: 60", "message_count: 59"))
    report = repair(tmp_path / "bag")
    assert (report.healthy, report.metadata_rebuilt, report.damaged) == (False, True, ())
    assert metadata.read_text() == before


def test_every_damaged_file_is_kept(tmp_path):
    _bag(tmp_path / "bag")
    file = tmp_path / "bag" / "bag_0.mcap"
    data = file.read_bytes()
    names = []
    for length in (len(data) - 1, len(data) // 2):
        file.write_bytes(data[:length])
        names += [path.name for path in repair(file).damaged]
    assert names == ["bag_0.mcap.damaged", "bag_0.mcap.damaged2"]
    assert sorted(p.name for p in (tmp_path / "bag").iterdir()) == ["bag_0.mcap", *names, "metadata.yaml"]


def test_what_is_no_mcap_bag_is_refused(tmp_path):
    with pytest.raises(BagError, match="no such bag"):
        repair(tmp_path / "none")
    with pytest.raises(BagError, match=r"holds no \.mcap file"):
        repair(tmp_path)
    (tmp_path / "x.mcap").write_bytes(b"SQLite format 3")
    with pytest.raises(BagError, match=r"x.mcap: not an MCAP file"):
        repair(tmp_path)
