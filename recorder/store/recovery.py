"""What to do with the file of a session whose recorder is gone."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from recorder.store.files import end_file, hold, is_plain, one_line, open_for_writing
from recorder.store.finish import finish
from recorder.store.reader import SessionReader
from recorder.store.schema import migrate


def interrupt(path: Path) -> None:
    """End the session of a recorder that is gone: state `interrupted`, and one plain file.

    Of one that has ended, only what lies beside it is cleared away; a plain file is left alone.

    Raises:
        BlockingIOError: another process records into it.
        FileNotFoundError: there is no such file.
        ValueError: it is not a session file, or too damaged to be read.
        OSError: it cannot be written.
    """
    with SessionReader(path) as session:
        has_ended, newest_t_ns = session.state != "recording", session.newest_t_ns()
    if has_ended and is_plain(path):
        return
    held = hold(path)
    try:
        with closing(open_for_writing(path)) as connection:
            migrate(connection)
            end_file(connection, path, "interrupted", newest_t_ns)
    except sqlite3.Error as error:
        raise OSError(f"{path}: {one_line(error)}") from error
    finally:
        os.close(held)


def settle(path: Path) -> Path:
    """Bring a session whose recorder is gone to its end: ended, plain, hashed, in `done/`.

    Returns:
        Where it is now.

    Raises:
        BlockingIOError: another process records into it or reads it; call again later.
        FileExistsError: there is another session of this name in `done/`.
        FileNotFoundError: there is no such file.
        ValueError: it is not a session file, or too damaged to be read.
        OSError: it cannot be written.
    """
    interrupt(path)
    return finish(path)
