#!/bin/sh
# Says what the machine lacks to build the messages, and the one command that brings it.
python=$1
missing=""
command -v "$python" >/dev/null 2>&1 || missing="$missing python3"
"$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || missing="$missing python3-venv"
"$python" -c 'import sysconfig, os, sys; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' \
  >/dev/null 2>&1 || missing="$missing python3-dev"
command -v c++ >/dev/null 2>&1 || missing="$missing g++"
[ -z "$missing" ] && exit 0
echo "wam_ros: this machine lacks:$missing" >&2
echo "         sudo apt-get install -y$missing" >&2
exit 1
