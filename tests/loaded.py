"""What every program of ours has done before it does anything: all modules read, all templates compiled."""

import importlib

from petition import cli, rendering, words

for name in cli.COMMANDS:
    importlib.import_module(f"petition.cli.{cli.MODULES.get(name, name)}")
for mails in (True, False):
    rendering.environment(words.load(), mails=mails)
