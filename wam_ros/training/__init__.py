"""Data and training of the planner that drives. Knows no world: drives are recorded through what cli hands in."""
