"""Keys from a terminal that is not UTF-8, such as a PuTTY that is set to ISO-8859-1.

Textual ends with the first key that it cannot decode. Here such a key is typed as U+FFFD.
"""

import codecs
from functools import partial

from textual.drivers import linux_driver


def take_any_key() -> None:
    """Have Textual replace what it cannot decode, from the next screen on."""
    vars(linux_driver).update(getincrementaldecoder=_replacing)


def _replacing(encoding: str) -> partial[codecs.IncrementalDecoder]:
    return partial(codecs.getincrementaldecoder(encoding), "replace")
