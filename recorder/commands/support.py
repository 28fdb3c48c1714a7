"""`antiphon support-bundle`: one file to send to whoever is to help."""

from pathlib import Path

import click

from recorder import wall_clock
from recorder.commands.options import (
    ROOT,
    config_option,
    configuration,
    json_option,
    progress_bar,
    tell,
)
from recorder.settings.file import Config
from recorder.settings.values import ConfigError

# Where the sessions are is not known then, and so not whose codes to look for.
NO_LOG = "not available: the configuration is broken; correct it, or see antiphon logs"


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file to make (else antiphon-support-TIME.tar.gz here).",
)
@json_option
@config_option
def support_bundle(config_file: Path | None, output: Path | None, *, as_json: bool) -> None:
    """Collect what is needed to help from afar, in one file that only you can read.

    No EEG, no codes, no labels, no notes, no keys. Look into it before you send it.

    Example: antiphon support-bundle -o box-3.tar.gz
    """
    from recorder.support.bundle import make, parts, write
    from recorder.support.private_words import Scrubber, private_words

    config, utc_ns = _configuration(config_file), wall_clock.utc_ns()
    to_make = parts(config or Config(), config_file, ROOT)
    if config is None:
        to_make["log.txt"] = lambda: NO_LOG
    made = {}
    with progress_bar("support-bundle", len(to_make) + 1) as show:
        scrubber = Scrubber(private_words(config or Config()))
        for done, (name, part) in enumerate(to_make.items(), start=1):
            show(done)
            made[name] = make(part, scrubber)
        show(len(to_make) + 1)
    stamp = wall_clock.utc_text(utc_ns).replace("-", "").replace(":", "")
    file = output or Path(f"antiphon-support-{stamp}.tar.gz")
    write(file, made, utc_ns)
    line = f"{file}: {len(made)} files, for the one who is to help; no EEG and no codes"
    tell("antiphon.support-bundle/1", [line], as_json=as_json, file=str(file), parts=list(made))


def _configuration(config_file: Path | None) -> Config | None:
    """None when it is broken: help may be needed with that, and the doctor's part tells it."""
    try:
        return configuration(config_file)
    except ConfigError:
        return None
