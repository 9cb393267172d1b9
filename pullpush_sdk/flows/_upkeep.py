"""What the project file says of its store, as the engine takes it."""

from __future__ import annotations

from pullpush_sdk.engine.upkeep import Upkeep
from pullpush_sdk.project import Project

__all__ = ["upkeep_of"]


def upkeep_of(project: Project) -> Upkeep:
    """Retention and limits of the project; expired dead letters go to a folder of its state."""
    said = project.retention
    return Upkeep(
        keep=said.keep,
        keep_ids=said.keep_webhook_ids,
        keep_webhooks=said.keep_webhooks,
        expire_dead=said.expire_dead_letters,
        archive=project.state_dir / "expired-dead-letters",
        max_size=said.max_size,
        min_free=said.min_free,
    )
