"""Asking the warehouse: the named questions of `sql/queries/`, their parameters, and how an answer is shown.

Belongs here: reading a question's header, binding its parameters, tables, exports and charts. Does not: the
questions themselves, which are SQL, and anything that writes to the warehouse.
"""
