"""What must be at hand before a workstation is reached."""

from pathlib import Path

from recorder.failure import EX_CONFIG, Failure
from recorder.privacy.age import require_recipient
from recorder.settings.destination import Destination

# The end of a file's name at the destination until it is whole there.
STAGED = ".part"


def require_keys(name: str, destination: Destination) -> None:
    """See that the key and the pinned host keys are there, and that one can encrypt if need be.

    Raises:
        Failure: something is missing, with what to do.
    """
    wanted = {
        destination.key: "make one with ssh-keygen and have it allowed at the destination",
        destination.known_hosts: "pin the destination's host key there, after comparing it",
    }
    for path, advice in wanted.items():
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise Failure(f"{name}: {path}: {error.strerror}: {advice}", EX_CONFIG) from error
    if destination.encrypt_to:
        require_recipient(destination.encrypt_to)
