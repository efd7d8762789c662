"""The calls that clients make, by what they are about."""
