"""The command line `wam`: composes, does not compute."""
