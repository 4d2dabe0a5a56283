"""The commands of `quorate-node`, one file each: `describe` adds the arguments, `execute` does it.

`execute` returns the exit status: 0 done, 2 refused or not yet. It raises NodeError and DriverError, for 1.
"""

DONE, NOT_DONE = 0, 2
