"""The agent of a node: it verifies warrants, keeps the journal, carries out, and answers with receipts.

`node.Node` is the whole of it without a broker; `app` puts it behind a Celery queue and `cli` on a terminal.
What it holds to: nothing is done without a `verify.VerifiedWarrant`; the journal has an intent before an act
and an outcome after it; nothing is done twice; every answer is signed.
"""
