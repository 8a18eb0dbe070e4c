"""`tidemark migrate`: bring the warehouse's tables up to this version."""

from typing import Annotated

import typer


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Only list what is missing; exit status 1 if anything is.")
    ] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Only print what is missing, as SQL.")] = False,
) -> None:
    """Create the warehouse's tables, or bring them up to this version.

    Needs TIDEMARK_WAREHOUSE_URL. It can be run again at any time, also by two machines at once. The user needs the
    right to create schemas in the database and, if the roles tidemark_loader and tidemark_reader do not exist, roles.

    \b
    Examples:
      export TIDEMARK_WAREHOUSE_URL=postgresql://owner:…@db.example.org/warehouse
      tidemark migrate
      tidemark migrate --sql > review.sql  # psql -v ON_ERROR_STOP=1 -f review.sql
    """
    from tidemark.loader.warehouse import migrate as migrations
    from tidemark.storage.postgres import connected
    from tidemark.storage.settings import WarehouseSettings

    url = WarehouseSettings().warehouse_url
    if check or sql:
        with connected(url) as connection:
            missing, rights = migrations.pending(connection)
            statements = migrations.migration_sql(connection) if sql else ""
        lines = [f"missing {name}" for name in missing]
        if rights:
            lines.append("missing rights of tidemark_loader and tidemark_reader")
        print(statements if sql else "\n".join(lines) or "the warehouse is up to date")
        raise typer.Exit(1 if check and lines else 0)
    applied = migrations.migrate(url)
    print(f"{len(applied)} applied" if applied else "nothing to do: the warehouse is up to date")
