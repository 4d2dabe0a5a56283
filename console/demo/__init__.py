"""The sample deployment: organisations, people with simulated tokens, and nodes, all made over the real path.

Nothing here is trusted more than anybody else: what it makes is signed with the simulated tokens, and checked
by the same functions that check people's.
"""
