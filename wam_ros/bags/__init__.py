"""Bags: writing, reading, repairing and replaying recorded drives, with no ROS graph.

Import from the modules; this file stays empty so that one of them does not load what only another needs.
"""
