from __future__ import annotations

import errno
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability
from rosbags.rosbag2 import Reader, StoragePlugin, Writer

from wam_ros.bags.definitions import base_typestore, make_message, message_definition
from wam_ros.bags.reader import BagReader
from wam_ros.bags.writer import BagWriter
from wam_ros.core import BagError

STRING, IMAGE, TRAJECTORY = "std_msgs/msg/String", "sensor_msgs/msg/Image", "wam_ros/msg/Trajectory"


def _text(value: str):
    return make_message(STRING, data=value)


def _raw(value: str) -> memoryview:
    return base_typestore().serialize_cdr(_text(value), STRING)


@pytest.mark.parametrize("compression", ["none", "zstd", "lz4"])
def test_raw_bytes_come_back_as_they_went_in(tmp_path, compression):
    rng = np.random.default_rng(1)
    sent = [(f"/t{k % 3}", 1_000_000_000 + 7 * k, rng.bytes(int(rng.integers(0, 300_000)))) for k in range(40)]
    with BagWriter(tmp_path / "bag", compression=compression) as bag:
        for name in ("/t0", "/t1", "/t2"):
            bag.add_topic(name, IMAGE)
        for topic, stamp, raw in sent:
            bag.write(topic, memoryview(raw), stamp)
    with BagReader(tmp_path / "bag") as reader:
        assert [(topic, stamp, bytes(raw)) for topic, stamp, raw in reader.raw()] == sent
        assert (reader.first_ns, reader.last_ns, reader.message_count) == (sent[0][1], sent[-1][1], 40)


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["/a", "/b"]), st.integers(0, 50)), max_size=30))
def test_messages_come_in_order_of_time_and_then_of_writing(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("order") / "bag"
    with BagWriter(path, flush_period_s=None) as bag:
        bag.add_topic("/a", STRING)
        bag.add_topic("/b", STRING)
        for number, (topic, stamp) in enumerate(written):
            bag.write_message(topic, _text(str(number)), stamp)
            if number % 7 == 6:
                bag.flush()  # several chunks that overlap in time
    with BagReader(path) as reader:
        got = [(topic, stamp, int(message.data)) for topic, stamp, message in reader.messages()]
    assert got == sorted([(topic, stamp, n) for n, (topic, stamp) in enumerate(written)], key=lambda x: (x[1], x[2]))


def test_a_stranger_reads_the_bag_and_its_metadata(tmp_path):
    with BagWriter(tmp_path / "drive") as bag:
        bag.add_topic("/plan", TRAJECTORY)
        bag.add_topic("/tf_static", "tf2_msgs/msg/TFMessage", latched=True)
        bag.add_topic("/camera", IMAGE, reliable=False)
        bag.write_message("/tf_static", make_message("tf2_msgs/msg/TFMessage", transforms=[]), 5)
    assert sorted(path.name for path in (tmp_path / "drive").iterdir()) == ["drive_0.mcap", "metadata.yaml"]
    with AnyReader([tmp_path / "drive"]) as reader:  # compares the definitions with the hashes of metadata.yaml
        assert reader.message_count == 1
        assert {c.topic: c.msgtype for c in reader.connections}["/plan"] == TRAJECTORY
    with Reader(tmp_path / "drive") as plain:
        durability = {c.topic: c.ext.offered_qos_profiles[0].durability for c in plain.connections}  # type: ignore[union-attr]
        assert durability["/tf_static"] is QosDurability.TRANSIENT_LOCAL
        assert durability["/plan"] is QosDurability.VOLATILE
        assert plain.ros_distro == "kilted"
    content = yaml.safe_load((tmp_path / "drive" / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert (content["version"], content["storage_identifier"], content["message_count"]) == (9, "mcap", 1)
    by_name = {entry["topic_metadata"]["name"]: entry for entry in content["topics_with_message_count"]}
    assert by_name["/plan"]["topic_metadata"]["type_description_hash"] == message_definition(TRAJECTORY).rihs01
    assert by_name["/camera"]["topic_metadata"]["offered_qos_profiles"][0]["reliability"] == "best_effort"
    assert by_name["/tf_static"]["message_count"] == 1
    with BagReader(tmp_path / "drive") as ours:
        assert {name for name, topic in ours.topics.items() if topic.latched} == {"/tf_static"}


def test_bare_file_and_folder_tell_the_same(tmp_path):
    with BagWriter(tmp_path / "b") as bag:
        bag.add_topic("/a", STRING, latched=True)
        bag.write_message("/a", _text("x"), 3)
    with BagReader(tmp_path / "b") as folder, BagReader(tmp_path / "b" / "b_0.mcap") as file:
        assert list(folder.raw()) == list(file.raw())
        assert folder.topics["/a"].qos == file.topics["/a"].qos


@pytest.mark.parametrize("storage", [StoragePlugin.SQLITE3, StoragePlugin.MCAP])
def test_bags_of_another_writer_are_read(tmp_path, storage):
    with Writer(tmp_path / "other", version=9, storage_plugin=storage) as bag:
        connection = bag.add_connection("/a", STRING, typestore=base_typestore())
        bag.write(connection, 11, _raw("hello"))
    with BagReader(tmp_path / "other") as reader:
        ((topic, stamp, message),) = reader.messages()
    assert (topic, stamp, message.data) == ("/a", 11, "hello")


def test_types_that_only_the_bag_knows_are_decoded(tmp_path):
    definitions = tmp_path / "demo_msgs" / "msg"
    definitions.mkdir(parents=True)
    (definitions / "Wheel.msg").write_text("float32 speed\n")
    with BagWriter(tmp_path / "b", search_paths=[tmp_path]) as bag:
        bag.add_topic("/wheel", "demo_msgs/msg/Wheel")
        bag.write("/wheel", b"\x00\x01\x00\x00\x00\x00\x20\x41", 1)
    (definitions / "Wheel.msg").unlink()
    with BagReader(tmp_path / "b") as reader:
        ((_, _, message),) = reader.messages()
    assert message.speed == 10.0


def test_empty_bag_is_a_bag(tmp_path):
    with BagWriter(tmp_path / "b") as bag:
        bag.add_topic("/a", STRING)
    with BagReader(tmp_path / "b") as reader:
        assert (list(reader.raw()), reader.first_ns, reader.last_ns) == ([], None, None)
        assert reader.topics["/a"].count == 0


def test_writer_refuses(tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(BagError, match=r"there: exists already; give another path"):
        BagWriter(tmp_path / "there")
    with pytest.raises(BagError, match="compression 'gzip', wanted one of none, zstd, lz4"):
        BagWriter(tmp_path / "b", compression="gzip")  # type: ignore[arg-type]
    assert not (tmp_path / "b").exists()
    with BagWriter(tmp_path / "b") as bag:
        with pytest.raises(BagError, match="topic /a was not announced"):
            bag.write("/a", b"", 0)
        bag.add_topic("/a", STRING)
        bag.add_topic("/a", STRING)
        with pytest.raises(BagError, match=r"topic /a is std_msgs/msg/String already, not sensor_msgs/msg/Image"):
            bag.add_topic("/a", IMAGE)
        with pytest.raises(BagError, match="stamp -1 ns"):
            bag.write("/a", b"", -1)
        with pytest.raises(BagError, match=r"/a: not a std_msgs/msg/String"):
            bag.write_message("/a", make_message("std_msgs/msg/Empty", structure_needs_at_least_one_member=0), 0)
        with pytest.raises(BagError, match="unknown message type"):
            bag.add_topic("/x", "no_msgs/msg/Such")
    with pytest.raises(BagError, match="the bag is closed"):
        bag.write("/a", b"", 0)


def test_reader_refuses(tmp_path):
    with pytest.raises(BagError, match="no such bag"):
        BagReader(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BagError, match=r"has no metadata.yaml; it is no bag"):
        BagReader(tmp_path / "empty")
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(BagError, match="not a bag"):
        BagReader(tmp_path / "note.txt")
    (tmp_path / "bad.mcap").write_bytes(b"\x89MCAP0\r\nrubbish")
    with pytest.raises(BagError, match=r"damaged or not a bag .*; run `wam bag repair .*bad.mcap`"):
        BagReader(tmp_path / "bad.mcap")
    with BagWriter(tmp_path / "b") as bag:
        bag.add_topic("/a", STRING)
        bag.write("/a", b"\x00\x01\x00\x00\xff\xff\xff\xff", 9)
    with BagReader(tmp_path / "b") as reader:
        with pytest.raises(BagError, match="no topic /b; it has /a"):
            list(reader.raw(["/b"]))
        with pytest.raises(BagError, match="/a at 9 ns is no std_msgs/msg/String"):
            list(reader.messages())
    (tmp_path / "b" / "metadata.yaml").unlink()
    with pytest.raises(BagError, match=r"has no metadata.yaml; run `wam bag repair"):
        BagReader(tmp_path / "b")


def test_discarded_bag_leaves_nothing(tmp_path):
    bag = BagWriter(tmp_path / "b")
    bag.add_topic("/a", STRING)
    bag.discard()
    assert not (tmp_path / "b").exists()


def test_a_full_disk_is_told_and_not_swallowed(tmp_path):
    bag = BagWriter(tmp_path / "b", flush_period_s=None)
    bag.add_topic("/a", STRING)
    bag.write_message("/a", _text("x"), 0)
    full = OSError(errno.ENOSPC, "No space left on device")
    told = pytest.raises(BagError, match=r"b: writing failed: No space left on device; messages may be lost")
    with mock.patch.object(bag._file, "flush", side_effect=full), told:
        bag.flush()
    bag.close()


def test_without_the_flushing_thread_bytes_depend_on_messages_alone(tmp_path):
    def write(path: Path) -> bytes:
        with BagWriter(path, flush_period_s=None) as bag:
            bag.add_topic("/a", STRING)
            for stamp in range(100):
                bag.write_message("/a", _text("x" * stamp), stamp)
        (file,) = path.glob("*.mcap")
        return file.read_bytes()

    assert write(tmp_path / "one") == write(tmp_path / "two")
