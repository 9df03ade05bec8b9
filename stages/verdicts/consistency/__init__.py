"""Can the printed numbers be true? Checks that need no data, only the numbers themselves.

Each check is a pure function over printed numbers (`check.check`); `registry.CHECKS` names them all.
"""
