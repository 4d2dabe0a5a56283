"""quorate-connect: the program for an application's host, as a package that is packed into one file.

It runs where there is nothing of Quorate's, with Python 3.9 or later and `cryptography`, so its modules
import each other and nothing else from here.
"""
