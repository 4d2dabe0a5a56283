"""What a process that runs for long keeps in memory."""

import gc


def keep_what_is_loaded() -> None:
    """Leave all that exists now out of every later search for garbage.

    What a process has loaded when it is ready, modules and a node's journal, it keeps until it ends; without
    this all of it is looked through again and again.
    """
    gc.collect()
    gc.freeze()
