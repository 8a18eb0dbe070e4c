"""What is mutated, and which tests are to notice: fast ones, so that thousands of mutants can be tried."""

from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FOLDERS = (
    "collector/spool",
    "collector/upload",
    "tidemark/archive",
    "tidemark/loader/repair",
    "tidemark/loader/transform",
    "tidemark/loader/warehouse",
    "sql/load",
    "sql/marts",
    "sql/checks",
    "sql/queries",
)
_FILES = ("collector/stream/proof.py", "tidemark/loader/s3.py", "tidemark/loader/verified.py")

# The tests of each file beside the test file of its own name; the first pattern that fits counts.
_TESTS: dict[str, tuple[str, ...]] = {
    "collector/spool/*.py": ("tests/collector/spool/test_spool.py",),
    "collector/upload/*.py": ("tests/collector/upload/test_uploader.py",),
    "tidemark/archive/*.py": ("tests/archive/test_manifest.py", "tests/archive/test_tally.py"),
    "tidemark/loader/repair/*.py": ("tests/loader/repair/test_session.py",),
    "tidemark/loader/transform/market*.py": ("tests/loader/transform/test_market.py",),
    "tidemark/loader/transform/*.py": ("tests/loader/transform/test_stream.py", "tests/loader/transform/test_read.py",
                                       "tests/loader/transform/test_events_api.py"),
    "tidemark/loader/warehouse/migrate.py": ("tests/sql/test_migrations.py",),
    "tidemark/loader/warehouse/kind.py": ("tests/loader/warehouse/test_rows.py", "tests/loader/warehouse/test_kind.py"),
    "tidemark/loader/warehouse/packing.py": ("tests/loader/warehouse/test_rows.py", "tests/sql/test_load.py"),
    "tidemark/loader/warehouse/file.py": ("tests/loader/warehouse/test_reading.py",
                                          "tests/loader/warehouse/test_staging.py"),
    "tidemark/loader/warehouse/staging.py": ("tests/loader/warehouse/test_load.py",),
    "sql/load/1_market.sql": ("tests/loader/test_market.py",),
    "sql/load/7_*.sql": ("tests/sql/test_silence.py", "tests/sql/test_silence_order.py"),
    "sql/load/9_*.sql": ("tests/sql/test_repaired.py",),
    "sql/load/3_*.sql": ("tests/sql/test_load.py", "tests/loader/warehouse/test_months.py"),
    "sql/load/*.sql": ("tests/sql/test_load.py",),
    "sql/marts/refresh_3_*.sql": ("tests/sql/test_hour_quality.py",),
    "sql/marts/refresh_4_*.sql": ("tests/sql/test_hour_quality.py",),
    "sql/marts/refresh_5_*.sql": ("tests/sql/test_audit.py", "tests/loader/repair/test_audit.py"),
    "sql/marts/daily_4_*.sql": ("tests/sql/test_fees.py",),
    "sql/marts/daily_5_*.sql": ("tests/sql/test_rolled_up_questions.py", "tests/sql/test_checks.py"),
    "sql/marts/daily_1_*.sql": ("tests/sql/test_flags.py",),
    "sql/marts/daily_2_resale.sql": ("tests/sql/test_flags.py", "tests/sql/test_queries.py"),
    "sql/marts/*.sql": ("tests/sql/test_marts.py",),
    "sql/checks/sale_in_two_months.sql": ("tests/sql/test_checks.py", "tests/loader/warehouse/test_months.py"),
    "sql/checks/*.sql": ("tests/sql/test_checks.py",),
    "sql/queries/*.sql": (
        "tests/sql/test_queries.py", "tests/sql/test_market_questions.py", "tests/sql/test_rolled_up_questions.py",
    ),
}  # fmt: skip


def targets() -> list[str]:
    """Return the files that are mutated, in order of name."""
    found = [file for folder in _FOLDERS for file in (ROOT / folder).iterdir() if file.suffix in {".py", ".sql"}]
    paths = [str(file.relative_to(ROOT)) for file in found if file.name != "__init__.py"]
    return sorted([*paths, *_FILES])


def noticing(path: str) -> list[str]:
    """Return the test files that are to notice a fault in a file, without repetition."""
    folder, _, name = path.rpartition("/")
    own = f"tests/{folder.removeprefix('tidemark/')}/test_{name.removesuffix('.py')}.py"
    more = next((tests for pattern, tests in _TESTS.items() if fnmatch(path, pattern)), ())
    return [test for test in dict.fromkeys((own, *more)) if (ROOT / test).exists()]
