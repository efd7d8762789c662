"""Maps: OpenDRIVE to a LaneGraph, through carla.Map, and the turn between CARLA's axes and ours."""
