"""The settings of `tidemark up`; the local system decides everything else itself."""

from hashlib import sha256

from pydantic import Field

from collector.settings import EventTypes
from tidemark.local.environment import COLLECTORS, Source
from tidemark.storage.settings import Secret, Settings, Slugs


class UpSettings(Settings):
    """Which stream to record. With `OPENSEA_API_KEY` it is OpenSea's, without it the simulator's."""

    opensea_api_key: Secret | None = Field(
        None, validation_alias="OPENSEA_API_KEY", description="OpenSea's key; without it the simulator is recorded."
    )
    stream_url: str | None = Field(None, description="The Stream API's address; default: OpenSea's.")
    api_url: str | None = Field(None, description="The Events API's address; default: OpenSea's.")
    collections: Slugs = Field(("*",), description="Which collections to record: slugs separated by commas, or *.")
    event_types: EventTypes = Field((), description="Which events to ask for, separated by commas; default: all.")

    def source(self) -> Source | None:
        """Return OpenSea as these settings describe it, or None without a key."""
        if not self.opensea_api_key:
            return None
        both = {"TIDEMARK_COLLECTIONS": ",".join(self.collections)}
        if self.plaintext_hosts:
            both["TIDEMARK_PLAINTEXT_HOSTS"] = ",".join(self.plaintext_hosts)
        stream = {"TIDEMARK_STREAM_URL": self.stream_url, "TIDEMARK_EVENT_TYPES": ",".join(self.event_types)}
        return Source(
            name="OpenSea",
            stream=both | {name: value for name, value in stream.items() if value},
            api=both | ({"TIDEMARK_API_URL": self.api_url} if self.api_url else {}),
            keys=dict.fromkeys(COLLECTORS, self.opensea_api_key.get_secret_value()),
        )

    def compared(self, *, demo: bool) -> dict[str, str]:
        """Return the settings as text, to compare them with those of a running system; the key only as its digest."""
        if demo:
            return {"--demo": "yes"}
        if not self.opensea_api_key:
            return {"--demo": "no", "OPENSEA_API_KEY": "none"}
        key = sha256(self.opensea_api_key.get_secret_value().encode()).hexdigest()[:8]
        return {
            "--demo": "no",
            "OPENSEA_API_KEY": f"one with the SHA-256 {key}…",
            "TIDEMARK_STREAM_URL": self.stream_url or "OpenSea's",
            "TIDEMARK_API_URL": self.api_url or "OpenSea's",
            "TIDEMARK_COLLECTIONS": ",".join(self.collections),
            "TIDEMARK_EVENT_TYPES": ",".join(self.event_types) or "all",
        }
