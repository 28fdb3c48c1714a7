"""Writes antiphon(1) from the commands themselves.

Usage: python manpage.py > antiphon.1
The page's language is that of man(7); each verb is a subsection with its options.
"""

import inspect

import click

from recorder import __version__
from recorder.cli import antiphon

FILES = {
    "/etc/antiphon/antiphon.toml": "The configuration; every key is explained in it.",
    "/var/lib/antiphon/sessions": "Session files.",
    "/run/antiphon/antiphon.sock": "Where the service answers.",
}


def escaped(text: str) -> str:
    """Text as man(7) shows it: no line begins a request, no sign is taken for another."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\n".join("\\&" + line if line[:1] == "." else line for line in safe.split("\n"))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a docstring, each begun as one."""
    parts = inspect.cleandoc(text).replace("\b\n", "").split("\n\n")
    return [line for part in parts for line in (".PP", escaped(part))]


def option_lines(parameter: click.Option, context: click.Context) -> list[str]:
    """One option, with what it takes."""
    record = parameter.get_help_record(context)
    if record is None:
        return []
    name, words = record
    return [".TP", f".B {escaped(name)}", escaped(words)]


def verb_lines(verb: str, command: click.Command, parent: click.Context) -> list[str]:
    """One verb: how it is called, what it does, its options."""
    context = click.Context(command, info_name=verb, parent=parent)
    usage = " ".join(["antiphon", verb, *command.collect_usage_pieces(context)])
    lines = [f".SS {escaped(usage)}", *paragraphs(command.help or "")]
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option):
            lines += option_lines(parameter, context)
    if isinstance(command, click.Group):
        for name, under in command.commands.items():
            lines += verb_lines(f"{verb} {name}", under, parent)
    return lines


def page() -> str:
    """The whole page."""
    context = click.Context(antiphon, info_name="antiphon")
    lines = [
        f'.TH ANTIPHON 1 "" "antiphon {__version__}" "User Commands"',
        *(".SH NAME", "antiphon \\- record the EEG of two people at once"),
        *(".SH SYNOPSIS", ".B antiphon", ".I VERB", "[options]"),
        *(".SH DESCRIPTION", *paragraphs(antiphon.help or "")),
        ".SH VERBS",
    ]
    for verb in antiphon.list_commands(context):
        command = antiphon.get_command(context, verb)
        if command is not None:
            lines += verb_lines(verb, command, context)
    lines += [".SH FILES"]
    for path, words in FILES.items():
        lines += [".TP", f".I {escaped(path)}", escaped(words)]
    lines += [".SH EXIT STATUS", "0 when all went well, else a number of sysexits.h."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    click.echo(page(), nl=False)
