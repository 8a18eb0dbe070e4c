"""An archive in memory that keeps the promises of ObjectStore."""

from hashlib import sha256 as digest
from pathlib import Path
from threading import Lock

from tidemark.storage.object_store import (
    ChecksumMismatchError,
    ObjectConflictError,
    Place,
    Proof,
    StoreUnavailableError,
)


class MemoryStore:
    """Objects as a dict, and the keys of all puts in their order."""

    def __init__(self, *, bucket_exists: bool = True, bucket: str = "memory") -> None:
        self.bucket = bucket
        self.objects: dict[str, bytes] = {}
        self.media_types: dict[str, str] = {}
        self.puts: list[str] = []
        self._bucket_exists = bucket_exists
        self._lock = Lock()

    def prove(self, prefix: str, name: str, known: Proof | None) -> Proof:
        where = {"endpoint": "memory", "bucket": self.bucket, "prefix": prefix, "encryption": ""}
        return known or Proof(**where, whole=True, parts=True, checksums=True)

    def place(self, key: str) -> Place:
        return Place(endpoint="memory", bucket=self.bucket, key=key)

    def put(self, key: str, content: Path | bytes, *, sha256: str, media_type: str) -> bool:
        if not self._bucket_exists:
            raise StoreUnavailableError("bucket 'memory' does not exist", "Create it")
        content = content if isinstance(content, bytes) else content.read_bytes()
        with self._lock:
            self.puts.append(key)
            if key in self.objects:
                if self.objects[key] != content:
                    raise ObjectConflictError(f"{key} is there already with other content", "Find out who wrote it")
                return False
            if digest(content).hexdigest() != sha256:
                raise ChecksumMismatchError(f"other bytes of {key} arrived than were sent", "Run it again")
            self.objects[key] = content
            self.media_types[key] = media_type
            return True
