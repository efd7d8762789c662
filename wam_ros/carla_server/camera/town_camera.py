"""Images of the embedded town: a renderer in software (or EGL), one scene, a view for each size of image.

Draws what it is told: bodies, lights, a pose. Knows neither the world that moves them nor the wire.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from types import TracebackType
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from panda3d import core as p3
from typing_extensions import Self

from wam_ros.carla_server.camera.drawn_scene import DrawnScene
from wam_ros.carla_server.camera.image_codes import classes_of, depth_of, show_classes, show_depth
from wam_ros.carla_server.camera.scene_graph import make_pipe, matrix
from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE3
from wam_ros.core.scene import LightState

# Where a surface crosses the near plane, the software renderer at times draws a shred of it elsewhere: measured in 1 of
# 100 images at 0.25 m, in 1 of 3000 at 1.5 m. What is nearer than this lies outside the image of a camera in a car.
NEAR, FAR = 1.5, 400.0  # m
# The software renderer rounds corners to whole pixels and fills both ends of a row: this far left and up on average.
_SHIFT = 0.25  # px
_WAYS = ("color", "classes", "depth")


class TownCamera:
    """The renderer of one town; one at a time in a process, in one thread.

    `renderer` tells which one made the images: colours of "software" and "egl" differ, never mix them in one data set.
    """

    _in_use: ClassVar[bool] = False

    def __init__(self, town: Town, seed: int = 0, renderer: str = "software") -> None:
        """Build the scene; `seed` decides daylight and colours of houses.

        Raises:
            WorldError: Another TownCamera is open, or the renderer cannot be started.

        """
        if TownCamera._in_use:
            msg = "a TownCamera is open in this process already; close it first"
            raise WorldError(msg)
        self.renderer = renderer
        self.pipe = make_pipe(renderer)
        self.engine = p3.GraphicsEngine(self.pipe)
        self.scene = DrawnScene(town, seed)
        self._views: dict[tuple[int, int, float], View] = {}
        self._closed = False
        TownCamera._in_use = True

    def view(self, width: int, height: int, fov_deg: float) -> View:
        """The view of this size [px] and horizontal field of view; made once, kept.

        Raises:
            WorldError: The renderer cannot make such an image.

        """
        if self._closed:
            msg = "this TownCamera is closed"
            raise WorldError(msg)
        key = (int(width), int(height), float(fov_deg))
        if key not in self._views:
            if not (width > 0 and height > 0 and 1.0 <= fov_deg <= 170.0):
                msg = f"camera of {width}x{height} px, fov {fov_deg} deg: wanted a positive size and 1..170 deg"
                raise WorldError(msg)
            self._views[key] = View(self, *key)
        return self._views[key]

    def draw(self, view: View) -> None:
        """Draw one view and no other."""
        for other in self._views.values():
            other.set_active(other is view)
        self.engine.renderFrame()
        # ShowBase does this each frame for its users; without it each place a body was at is remembered for ever.
        p3.TransformState.garbageCollect()
        p3.RenderState.garbageCollect()

    def close(self) -> None:
        """Give everything back; a second call does nothing."""
        if not self._closed:
            self._closed = True
            self.engine.removeAllWindows()
            self._views.clear()
            self.scene.close()
            TownCamera._in_use = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class View:
    """Images of one size from one TownCamera."""

    def __init__(self, camera: TownCamera, width: int, height: int, fov_deg: float) -> None:
        self.width, self.height, self.fov_deg = width, height, fov_deg
        self._camera = camera
        self._buffer = _buffer(camera, width, height)
        self._pixels = p3.Texture()
        self._buffer.addRenderTexture(self._pixels, p3.GraphicsOutput.RTMCopyRam)
        lens = p3.PerspectiveLens()
        lens.setFilmSize(width, height)
        self._focal = width / (2.0 * math.tan(math.radians(fov_deg) / 2.0))
        lens.setFocalLength(self._focal)
        lens.setNearFar(NEAR, FAR)
        if camera.renderer == "software":
            lens.setFilmOffset(-_SHIFT, _SHIFT)
        self._eye = camera.scene.root.attachNewNode("eye")
        self._eyes = {way: self._eye.attachNewNode(p3.Camera(way, lens)) for way in _WAYS}
        show_classes(self._eyes["classes"].node())
        show_depth(self._eyes["depth"].node())
        self._region = self._buffer.makeDisplayRegion()

    @property
    def renderer(self) -> str:
        """Which renderer makes the images."""
        return self._camera.renderer

    def set_active(self, active: bool) -> None:
        """Whether the engine draws this view in its next frame."""
        self._buffer.setActive(active)

    def render(
        self,
        map_from_camera: SE3,
        bodies: Iterable[Body],
        lights: Mapping[str, LightState],
        hide: Collection[int] = (),
    ) -> NDArray[np.uint8]:
        """The image (H, W, 3), red, green, blue, as a new array.

        Args:
            map_from_camera: Pose of the camera in the map frame; axes of a body (x forward, y left, z up).
            bodies: What stands and moves; far ones are left out.
            lights: What signals show, by id; those that are missing are off.
            hide: Ids of bodies that are not drawn, such as the one that carries the camera.

        """
        drawn = self._draw("color", map_from_camera, bodies, lights, hide)
        code = cv2.COLOR_BGRA2RGB if drawn.shape[2] == 4 else cv2.COLOR_BGR2RGB
        image: NDArray[np.uint8] = cv2.flip(cv2.cvtColor(drawn, code), 0)
        return image

    def render_semantics(
        self,
        map_from_camera: SE3,
        bodies: Iterable[Body],
        lights: Mapping[str, LightState],
        hide: Collection[int] = (),
    ) -> NDArray[np.uint8]:
        """The class (H, W) of each pixel, a `Tag`, as a new array; arguments as for `render`."""
        return classes_of(self._draw("classes", map_from_camera, bodies, lights, hide)[::-1])

    def render_depth(
        self,
        map_from_camera: SE3,
        bodies: Iterable[Body],
        lights: Mapping[str, LightState],
        hide: Collection[int] = (),
    ) -> NDArray[np.float32]:
        """The distance (H, W) along the camera's axis [m], sky = 1000, as a new array; arguments as for `render`.

        Edges are as exact as the picture's, to about a pixel; what stands is exact to 1 %, level ground is computed.
        """
        drawn = self._draw("depth", map_from_camera, bodies, lights, hide)[::-1]
        return depth_of(drawn, map_from_camera, self._focal)

    def _draw(
        self,
        way: str,
        pose: SE3,
        bodies: Iterable[Body],
        lights: Mapping[str, LightState],
        hide: Collection[int],
    ) -> NDArray[np.uint8]:
        """(H, W, 3 or 4) blue, green, red, last row first: the renderer's own memory, until it draws again."""
        self._camera.scene.show(pose.translation, bodies, lights, hide)
        self._eye.setMat(matrix(pose))
        self._region.setCamera(self._eyes[way])
        self._camera.draw(self)
        return np.frombuffer(self._pixels.getRamImage(), np.uint8).reshape(self.height, self.width, -1)


def _buffer(camera: TownCamera, width: int, height: int) -> Any:
    """An offscreen image."""
    wanted = p3.FrameBufferProperties()
    wanted.setRgbColor(True)
    wanted.setDepthBits(1 if camera.renderer == "software" else 24)
    size, flags = p3.WindowProperties.size(width, height), p3.GraphicsPipe.BFRefuseWindow
    made = camera.engine.makeOutput(camera.pipe, f"{width}x{height}", 0, wanted, size, flags)
    if made is None:
        msg = f"renderer {camera.renderer!r} cannot make an image of {width}x{height} px"
        raise WorldError(msg)
    made.setClearColor((1.0, 1.0, 1.0, 1.0))
    return made
