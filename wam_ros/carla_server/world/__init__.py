"""What moves in a town: traffic, lights, the vehicles of clients, what happens when they touch. No wire, no camera."""
