"""CARLA's wire: sockets, msgpack-rpc, packed structs, streams. It knows no world."""
