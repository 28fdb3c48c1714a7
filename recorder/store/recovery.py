"""What to do with the file of a session whose recorder is gone."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from recorder.store.files import end_file, hold, one_line, open_for_writing
from recorder.store.reader import SessionReader


def interrupt(path: Path) -> None:
    """End the session of a recorder that is gone: state `interrupted`, and one plain file.

    Of one that has ended, only what lies beside it is cleared away.

    Raises:
        BlockingIOError: another process records into it.
        FileNotFoundError: there is no such file.
        ValueError: it is not a session file, or too damaged to be read.
        OSError: it cannot be written.
    """
    with SessionReader(path) as session:
        newest_t_ns = session.newest_t_ns()
    held = hold(path)
    try:
        with closing(open_for_writing(path)) as connection:
            end_file(connection, path, "interrupted", newest_t_ns)
    except sqlite3.Error as error:
        raise OSError(f"{path}: {one_line(error)}") from error
    finally:
        os.close(held)
