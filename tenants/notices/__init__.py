"""Telling people what concerns them: in the console, by e-mail, and by webhooks.

What happened is noted as an occasion in the transaction in which it happens (occasions.py), and told after:
to whom (audience.py), as far as they see what it is about (subjects.py), in the way they chose
(preferences.py), once each (telling.py).
"""
