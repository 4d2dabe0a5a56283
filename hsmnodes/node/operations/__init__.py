"""Operations: what a node or an authority can be asked to do, one file each.

A file `<area>/<name>.py` holds all there is to one operation: its tag, the sentence people read, its typed
parameters, whose consent it needs with the default rules, and what a node does. `registry` finds the files;
forms, the desk's catalogue, the rules of new charters and the standard security tests derive from it.
"""
