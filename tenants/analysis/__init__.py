"""Who could do what, computed from charters with the seats and the matching that count signatures.

Pure: no database, no Django. `humans` says who is whom and what each could do with the tokens left to them,
`deciding` answers for one operation, `questions` finds the operations that charters decide together.
"""
