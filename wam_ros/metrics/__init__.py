"""Scores of driven or planned paths, equal to those of the public benchmarks. Knows no planner, no bag and no ROS."""
