"""Images of a town: meshes, light, classes, and the renderer in software. No wire."""
