"""A project: pullpush.toml, the settings and secrets of its connections, and its private state folder.

`project.connect` opens connections; it is a module of its own because it needs the HTTP layer and plugins.
"""

from ._file import FILE_NAME, find_project_file, load_project
from ._keys import KEY_VARIABLE, KeyPlace, key_place, new_key, put_keys, token_key, token_keys
from ._model import ConnectionConfig, FlowConfig, Project
from ._references import Reference
from ._retention import Retention
from ._schedule import Cron, Every, Manual, Schedule, Schedules
from ._settings import Settings, check_settings, resolve_settings
from ._state import engine_url, ensure_state_dir

__all__ = [
    "FILE_NAME",
    "KEY_VARIABLE",
    "ConnectionConfig",
    "Cron",
    "Every",
    "FlowConfig",
    "KeyPlace",
    "Manual",
    "Project",
    "Reference",
    "Retention",
    "Schedule",
    "Schedules",
    "Settings",
    "check_settings",
    "engine_url",
    "ensure_state_dir",
    "find_project_file",
    "key_place",
    "load_project",
    "new_key",
    "put_keys",
    "resolve_settings",
    "token_key",
    "token_keys",
]
