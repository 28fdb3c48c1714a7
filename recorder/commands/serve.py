"""`antiphon serve`: the service."""

import asyncio
import logging
import sys

import click
import msgspec

from recorder.commands.options import configured
from recorder.failure import EX_CONFIG, Failure
from recorder.settings.board import ROLES
from recorder.settings.file import Config


@click.command()
@click.option("--patient", metavar="PORT", help="The patient's port (else the configuration's).")
@click.option("--therapist", metavar="PORT", help="The therapist's port.")
@configured("sessions", "socket", "template")
def serve(patient: str | None, therapist: str | None, config: Config) -> None:
    """Keep both boards open, answer on the socket, and record when asked to.

    A session that a service left behind is resumed: one that was killed, or told by SIGUSR1 to make
    way. SIGTERM, SIGHUP and Ctrl-C end the session.

    Example: antiphon serve --patient /dev/ttyUSB0 --therapist /dev/ttyUSB1
    """
    from recorder.service.heap import share_one_heap

    share_one_heap()
    # One line a message; under systemd the journal adds the time.
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="antiphon: %(message)s")
    asyncio.run(_serve(with_ports(config, patient=patient, therapist=therapist)))


def with_ports(config: Config, **ports: str | None) -> Config:
    """The configuration with the command line's ports.

    Raises:
        Failure: a person has no port.
        UnicodeEncodeError: a port's name is not UTF-8; the service could not tell it.
    """
    from recorder.wearers.boards import needs_port

    for role, port in ports.items():
        if port is not None:
            port.encode()
            board = msgspec.structs.replace(config.board(role), port=port)
            config = msgspec.structs.replace(config, **{role: board})
    boards = {role: config.board(role) for role in ROLES}
    missing = [role for role, board in boards.items() if needs_port(board) and not board.port]
    if missing:
        text = f"no port for the {missing[0]}: give --{missing[0]} PORT or set it in antiphon.toml"
        raise Failure(text, EX_CONFIG)
    return config


async def _serve(config: Config) -> None:
    from recorder.recording.starting import prepare
    from recorder.service.loop import Service
    from recorder.service.systemd import Systemd

    systemd = Systemd.of_environment()
    await Service(config, lambda: prepare(config), systemd=systemd).run()
