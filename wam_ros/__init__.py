"""wam_ros: a ROS 2 driving node with an anytime masked-diffusion planner.

Importing the package loads nothing else: no ROS, no torch, no numpy.
"""

from pkgutil import extend_path

# The generated messages (wam_ros.msg) may lie in another prefix than this source tree: a colcon install/ space.
__path__ = extend_path(__path__, __name__)

__version__ = "0.1.0"
