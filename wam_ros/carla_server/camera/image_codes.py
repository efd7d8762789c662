"""Classes and depth as images: what a Panda3D camera draws in place of colours, and how to read it back.

No renderer here gives its depth buffer, so depth is drawn: a texture laid over everything by the distance from the
camera, coarse in red and fine in green. Only the ground's is computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core as p3

from wam_ros.carla_server.camera.semantics import SHIFT, Tag, flat_color
from wam_ros.core.geometry import SE3

TAG_KEY = "class"  # the tag of a node that says its class
DEPTH_EYES = p3.BitMask32.bit(4)  # cameras of depth; markings and the like lie on the ground and need no depth
NOTHING = 1000.0  # m, depth of the sky, as CARLA's
_COARSE = 512.0  # m over the 256 steps of red
_FINE = 4.0  # m over those of green
_SKY, _GROUND = 255, 240  # of red, beyond what is drawn
_FARTHEST, _BORDER = 225, 248
_WEAK, _STRONG = 100, 200  # over the states of nodes, over those


def show_classes(camera: Any) -> None:
    """Have a camera draw each node in the gray of its class."""
    camera.setInitialState(p3.RenderState.make(p3.TextureAttrib.makeOff(), _WEAK))
    camera.setTagStateKey(TAG_KEY)
    for tag in Tag:
        gray = p3.ColorAttrib.makeFlat((*flat_color(tag), 1.0))
        camera.setTagState(str(int(tag)), p3.RenderState.make(gray, _WEAK))


def classes_of(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) the `Tag` of each pixel of what such a camera drew (H, W, 3 or more)."""
    tags: NDArray[np.uint8] = image[..., 1] >> np.uint8(SHIFT)
    return tags


def show_depth(camera: Any) -> None:
    """Have a camera draw its distance to everything, along its axis."""
    codes = np.zeros((256, 256, 3), np.uint8)
    codes[..., 0], codes[..., 1] = np.arange(256), np.arange(256)[:, None]
    texture = p3.Texture("depth")
    texture.setup2dTexture(256, 256, p3.Texture.TUnsignedByte, p3.Texture.FRgb)
    texture.setRamImageAs(codes.tobytes(), "RGB")
    texture.setMinfilter(p3.SamplerState.FTNearest)
    texture.setMagfilter(p3.SamplerState.FTNearest)
    texture.setWrapU(p3.SamplerState.WMClamp)
    texture.setWrapV(p3.SamplerState.WMRepeat)
    stage = p3.TextureStage.getDefault()
    coordinates = np.zeros((4, 4))
    coordinates[1, :2], coordinates[3, 3] = (1.0 / _COARSE, 1.0 / _FINE), 1.0  # y of the eye's axes is forward
    node = p3.NodePath("depth")
    node.setTexture(texture, _WEAK)
    node.setTexGen(stage, p3.TexGenAttrib.MEyePosition, _WEAK)
    node.setTexTransform(stage, p3.TransformState.makeMat(p3.LMatrix4(*(float(v) for v in coordinates.ravel()))))
    node.setColor(1.0, 1.0, 1.0, 1.0, _WEAK)
    camera.setInitialState(node.getState())
    camera.setCameraMask(DEPTH_EYES)
    camera.setTagStateKey(TAG_KEY)
    for tag, red in ((Tag.SKY, _SKY), (Tag.TERRAIN, _GROUND)):
        plain = p3.ColorAttrib.makeFlat((red / 255.0, 1.0, 1.0, 1.0))
        camera.setTagState(str(int(tag)), p3.RenderState.make(plain, p3.TextureAttrib.makeOff(), _STRONG))


def depth_of(image: NDArray[np.uint8], pose: SE3, focal: float) -> NDArray[np.float32]:
    """(H, W) distance [m] at each pixel of what such a camera drew: (H, W, 3 or more) blue, green, red, top row first.

    Level ground is computed from the camera's pose (map_from_camera) and focal length [px]: the renderer lays textures
    over large faces too roughly.
    """
    fine = (image[..., 1].astype(np.float32) + np.float32(0.5)) * np.float32(_FINE / 256.0)
    coarse = (image[..., 2].astype(np.float32) + np.float32(0.5)) * np.float32(_COARSE / 256.0)
    depth = (fine + np.float32(_FINE) * np.round((coarse - fine) / np.float32(_FINE))).astype(np.float32)
    depth[image[..., 2] >= _BORDER] = NOTHING
    rows, columns = np.nonzero((image[..., 2] >= _FARTHEST) & (image[..., 2] < _BORDER))
    height, width = image.shape[:2]
    forward, left, up = pose.rotation[2]
    fall = -(forward - left * (columns + 0.5 - width / 2.0) / focal - up * (rows + 0.5 - height / 2.0) / focal)
    ground = np.minimum(pose.translation[2] / np.maximum(fall, 1e-6), NOTHING)
    depth[rows, columns] = ground.astype(np.float32)
    return depth
