"""The loader's settings: environment variables `TIDEMARK_*` and `.env`, read once, every mistake reported at once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr
from pydantic_settings import NoDecode

from tidemark.archive.names import checked_collector
from tidemark.core.clock import Clock
from tidemark.core.hour import Hour
from tidemark.storage.settings import ClockSetting, KeyPrefix, Secret, Slugs, WarehouseSettings, split_list

BOOK_DEPTH = 100
_Collectors = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(split_list),
    AfterValidator(lambda names: tuple(checked_collector(name) for name in dict.fromkeys(names))),
]


class LoaderSettings(WarehouseSettings):
    """Where the archive and the warehouse are, and which collectors each hour is expected from."""

    bucket: str = Field(min_length=3, description="S3 bucket of the archive.")
    prefix: KeyPrefix = Field("", description="Key prefix, ending in a slash.")
    collectors: _Collectors = Field(
        (), description="Collectors whose manifest each hour is expected to have, separated by commas."
    )
    collections: Slugs = Field(
        ("*",),
        min_length=1,
        description="Collections that the collectors record, or *: what an hour lacks that no collector reported.",
    )
    book_depth: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="Listings and collection offers that are kept one by one, of each collection, hour and payment "
        "token: the best ones, for floor and best offer; 0 keeps none. Default 100, for all collections (*) 0.",
    )
    transfers: bool | None = Field(
        None,
        description="Whether transfers, mints and burns are kept one by one, for holders. Default true, for all "
        "collections (*) false.",
    )
    grace_period: float = Field(
        1800, ge=0, le=31_536_000, description="Seconds after an hour's end to wait for its manifests."
    )
    clock: ClockSetting = Field(Clock(), description="A clock at another rate, for demonstrations: START@ANCHOR*RATE.")
    api_url: str = Field(
        "https://api.opensea.io/api/v2",
        pattern=r"^https?://[^/\s]+",
        description="Address of the Events API, for repairs and audits.",
    )
    repair_requests: int = Field(
        100, ge=1, le=1_000_000, description="Requests to the Events API that one run of repairs may make."
    )
    audit_requests: int = Field(
        100, ge=1, le=1_000_000, description="Requests to the Events API that one run of audits may make."
    )
    audit_delay: float = Field(
        7200, ge=0, le=31_536_000, description="Seconds after an hour's end before it is audited."
    )
    opensea_api_key: Secret | None = Field(
        None, validation_alias="OPENSEA_API_KEY", description="Key of the Events API, for repairs and audits."
    )

    # how to reach S3 where boto3's usual places do not say it, named as the arguments of boto3's `client`
    _s3_access: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @property
    def s3_access(self) -> Mapping[str, str]:
        """What `s3_client` takes besides the environment; it holds secrets."""
        return self._s3_access

    def use_s3_access(self, access: Mapping[str, str]) -> Self:
        """Set how to reach S3, and return these settings."""
        self._s3_access = access
        return self

    def awaits(self, hour: Hour, now: datetime) -> bool:
        """Tell whether it is worth waiting for manifests of this hour that are not there yet."""
        return now < hour.end + timedelta(seconds=self.grace_period)

    @property
    def orders_kept(self) -> int:
        """How many single orders are kept of each collection, hour and payment token."""
        return self.book_depth if self.book_depth is not None else 0 if "*" in self.collections else BOOK_DEPTH

    @property
    def transfers_kept(self) -> bool:
        """Whether single transfers are kept."""
        return self.transfers if self.transfers is not None else "*" not in self.collections
