"""The embedded world: a server of CARLA's wire protocol around traffic, a software camera and one bicycle."""
