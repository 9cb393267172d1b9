"""The embedded engine: a SQLite file, and one process at a time that dispatches it."""

from .engine import SqliteEngine

__all__ = ["SqliteEngine"]
