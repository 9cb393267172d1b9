"""The command line. Start-up imports click and the standard library; every command imports its own needs."""

from ._app import cli, main

__all__ = ["cli", "main"]
