"""Evaluation: routes driven closed loop, frames planned open loop, how sure of itself a planner is, and the report."""
