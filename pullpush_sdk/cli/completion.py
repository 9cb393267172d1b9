from __future__ import annotations

import click

_SOURCES = {
    "bash": 'eval "$(pullpush completion bash)"    # in ~/.bashrc',
    "zsh": 'eval "$(pullpush completion zsh)"     # in ~/.zshrc',
    "fish": "pullpush completion fish | source      # in ~/.config/fish/config.fish",
}


@click.command(epilog="Examples:\n\n" + "\n\n".join(f"  {line}" for line in _SOURCES.values()))
@click.argument("shell", type=click.Choice(list(_SOURCES)))
def completion(shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    from ._app import cli

    script = get_completion_class(shell)
    assert script is not None
    click.echo(script(cli, {}, "pullpush", "_PULLPUSH_COMPLETE").source())
