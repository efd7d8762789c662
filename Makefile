# make drive, make test: each creates what it needs (.venv, messages, package); a second run starts at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out
BAG ?=
PLANNER ?=
TOWN ?= grid_small

export ROS_AUTOMATIC_DISCOVERY_RANGE ?= LOCALHOST

.PHONY: setup test lint drive demos weights clean
.DELETE_ON_ERROR:

setup: $(VENV)/.package

$(VENV)/.requirements: requirements/ros.txt requirements/run.txt requirements/dev.txt
	@tools/check_host.sh $(PYTHON)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(addprefix -r ,$^)
	@touch $@

# tf2_msgs, ackermann_msgs and carla_msgs are not on PyPI: tools/interfaces/README.md
$(VENV)/.interfaces: $(VENV)/.requirements $(shell find tools/interfaces -type f) cmake/wheel_fixups.cmake
	$(BIN)/python tools/build_interfaces.py
	@touch $@

$(VENV)/.package: $(VENV)/.interfaces setup.py CMakeLists.txt package.xml \
    $(wildcard msg/*.msg scripts/* launch/* rviz/* config/* config/*/* config/*/*/*)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports
	$(BIN)/mypy

test: setup lint
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# A drive through the embedded town, by wam_diff or PLANNER; with BAG=<KITTI folder or bag> a replay of that drive instead.
drive: setup
	$(BIN)/wam $(if $(BAG),replay "$(BAG)",drive --town $(TOWN)) $(if $(PLANNER),--planner $(PLANNER)) --out $(OUT)

# The data of the shipped weights and their training; both go on where they were stopped.
demos weights: setup
	tools/small_weights.sh $@

clean:
	rm -rf $(VENV) build install log wam_ros/msg wam_ros/*.so *.egg-info
