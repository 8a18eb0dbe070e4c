"""`tidemark migrate`: bring the warehouse's tables up to this version."""


def migrate() -> None:
    """Create the warehouse's tables, or bring them up to this version.

    Needs TIDEMARK_WAREHOUSE_URL. It can be run again at any time, also by two machines at once. The user needs the
    right to create schemas in the database and, if the roles tidemark_loader and tidemark_reader do not exist, roles.

    \b
    Example:
      TIDEMARK_WAREHOUSE_URL=postgresql://owner:…@db.example.org/warehouse tidemark migrate
    """
    from tidemark.loader.warehouse import migrate as migrations
    from tidemark.storage.settings import WarehouseSettings

    applied = migrations.migrate(WarehouseSettings().warehouse_url)
    print(f"{len(applied)} applied" if applied else "nothing to do: the warehouse is up to date")
