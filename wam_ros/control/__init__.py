"""From plan to command: tracking, engagement, and the last guard before the actuators."""
