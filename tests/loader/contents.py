"""What a warehouse holds, as one digest per table: equal digests, equal contents, whatever the order of loading."""

import psycopg2

# what tells when and by which load a row was written says nothing of the market
_HISTORY = {
    "core.sale": "- 'loaded_at' - 'first_load_id'",
    "core.sale_superseded": "- 'loaded_at' - 'first_load_id'",
    "core.sale_sighting": "",
    "ops.sale_conflict": "",
    "ops.quarantine": "",
    "ops.reject": "",
    "ops.coverage": "",
    "ops.gap": "",
    "ops.silence": "",
    "ops.topic_count": "",
    "mart.collection_hourly": "- 'refreshed_at'",
    "mart.sale_flags": "",
    "mart.suspect_sale": "",
    "mart.collection_daily": "",
    "mart.wallet_daily": "",
    "mart.price_daily": "",
    "mart.royalty_daily": "",
    "mart.market_daily": "",
    "mart.payment_token_daily": "",
    "mart.price_range_daily": "",
    "mart.collection_royalty_daily": "",
    "mart.sweep_daily": "",
    "mart.top_sale_daily": "",
    "mart.market_hourly": "",
    "mart.market_hour": "",
    "core.market_order": "",
    "core.order_revision": "",
    "core.transfer": "",
    "ops.event_count": "",
    "ops.market_count": "",
    "mart.hour_quality": "- 'refreshed_at'"
    " - 'received_to_loaded_p50_s' - 'received_to_loaded_p95_s' - 'received_to_loaded_p99_s'"
    " - 'sold_to_loaded_p50_s' - 'sold_to_loaded_p95_s' - 'sold_to_loaded_p99_s'",
}


def query(url: str, statement: str, *values: object) -> list[tuple[object, ...]]:
    """The rows of one statement, in a connection of its own; what it changes is committed."""
    connection = psycopg2.connect(url, options="-c TimeZone=UTC")
    with connection, connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        rows = cursor.fetchall() if cursor.description else []
    connection.close()
    return rows


def contents(url: str) -> dict[str, tuple[object, ...]]:
    """How many rows each table has, and a digest of them."""
    return {table: query(url, _digest(table, without))[0] for table, without in _HISTORY.items()}


def _digest(table: str, without: str) -> str:
    row = f"(to_jsonb(t) {without})::text"
    return f'SELECT count(*), md5(string_agg({row}, chr(10) ORDER BY {row} COLLATE "C")) FROM {table} AS t'


def one(url: str, statement: str, *values: object) -> object:
    """The one value of one row."""
    ((value,),) = query(url, statement, *values)
    return value
