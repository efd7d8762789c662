"""The bridge to a CARLA server, a real one or the embedded one: host and port are all the difference."""
