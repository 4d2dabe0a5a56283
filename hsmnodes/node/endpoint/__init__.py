"""The application endpoint: customers' unmodified applications reach the tokens made for them, nothing else.

HAProxy takes connections with mutual TLS and passes each to the `p11-kit server` of one application, which
serves one token, write-protected. All of it runs as a user without rights, for whom the tokens are read-only.
"""
