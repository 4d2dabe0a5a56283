"""What stops the program."""


class Refused(Exception):
    """Something is not as it must be. Says what."""
