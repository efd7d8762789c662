"""The world as CARLA's clients see it: blueprints, actors, sensors, episodes, snapshots. It knows no connection."""
