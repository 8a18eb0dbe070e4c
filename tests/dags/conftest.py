"""Airflow inside the test process: importing it reads its configuration and takes over logging, so both are fenced."""

import logging
import os
import tempfile
import warnings

import structlog

_home = tempfile.TemporaryDirectory(prefix="airflow-")
os.environ.update(AIRFLOW_HOME=_home.name, AIRFLOW__CORE__LOAD_EXAMPLES="False")

_root, _structlog = logging.getLogger(), structlog.get_config()
_handlers, _level = _root.handlers[:], _root.level
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
_root.handlers[:] = _handlers
_root.setLevel(_level)
structlog.configure(**_structlog)
