"""Drivers: how the agent uses an HSM.

`base.Driver` is the interface. `pkcs11` drives any PKCS#11 module that has a profile, `supervisor` runs it in
a process of its own for each token directory (which is what the agent uses), `fake` is for tests.
"""
