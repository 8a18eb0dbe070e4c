"""Asking the warehouse: the named questions of `sql/queries/`, their parameters, and how an answer is shown.

Belongs here: reading a question's header, binding its parameters, tables, exports and charts. Does not: the
questions themselves, which are SQL, and anything that writes to the warehouse.

The package can be called: `tidemark.query("daily_volume", collection="pudgypenguins")` is `notebook.query`.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


class _Query(ModuleType):
    def __call__(self, question: str, *, url: str | None = None, **given: object) -> "pa.Table":
        from tidemark.query.notebook import query  # noqa: PLC0415 - only a notebook needs pyarrow at once

        return query(question, url=url, **given)


sys.modules[__name__].__class__ = _Query
