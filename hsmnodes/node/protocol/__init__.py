"""The signed documents of Quorate and the rules by which they count: pure, without input or output.

Invariants that hold in this package:

* bytes are verified first and read afterwards, and only in their one canonical form;
* whatever is signed names its purpose, so that one signature never serves as another;
* every check either returns a value that says what was verified or raises `Refused`; nothing fails open.
"""
