"""The desk: the static page at which people use their security tokens, its build and its web server.

What console and desk say to each other is in docs/formats/desk.md. Nothing here needs Django.
"""
