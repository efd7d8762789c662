"""Towns: the folder that SUMO, the LaneGraph, the camera and the wire all read, and how one is made."""
