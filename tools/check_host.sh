#!/bin/sh
# Says what the machine lacks to build the messages and to draw the town (Panda3D links libX11, but opens no display),
# and the one command that brings it.
python=$1
missing=""
command -v "$python" >/dev/null 2>&1 || missing="$missing python3"
"$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || missing="$missing python3-venv"
"$python" -c 'import sysconfig, os, sys; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' \
  >/dev/null 2>&1 || missing="$missing python3-dev"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  echo "wam_ros: $python is older than 3.11, which the checks need: make PYTHON=python3.11 (or newer)" >&2
  echo "         the node itself runs on 3.10 too, under an apt ROS 2 with colcon" >&2
  exit 1
}
"$python" -c 'import ctypes; ctypes.CDLL("libX11.so.6")' >/dev/null 2>&1 || missing="$missing libx11-6"
command -v c++ >/dev/null 2>&1 || missing="$missing g++"
[ -z "$missing" ] && exit 0
echo "wam_ros: this machine lacks:$missing" >&2
echo "         sudo apt-get install -y$missing" >&2
exit 1
