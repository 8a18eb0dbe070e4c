"""What an hour's folder of manifests lists, and the fingerprint by which a changed hour is recognised. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from tidemark.archive.manifest import Manifest, read_manifest
from tidemark.archive.names import ManifestKey
from tidemark.core.errors import Problem


@dataclass(frozen=True, order=True, slots=True)
class Listed:
    """A manifest as a listing shows it. `etag` changes whenever the object is written with other content."""

    key: ManifestKey
    etag: str

    @classmethod
    def of(cls, key: str, etag: str) -> "Listed":
        """Return an object of a manifest folder. Raises Problem for one that does not belong there."""
        try:
            return cls(ManifestKey.parse(key), etag.strip('"'))
        except ValueError as error:
            raise Problem(
                f"{key!r} lies among the manifests of the archive and is none ({error})",
                "Move it elsewhere; what it stands for would otherwise be left out silently",
            ) from error


def read_listed(listed: Listed, data: bytes) -> Manifest:
    """Read a manifest that was fetched. Raises Problem unless it agrees with itself and with its key."""
    try:
        manifest = read_manifest(data)
        said = (manifest.collector, manifest.hour)
        wrong = (
            "" if said == (listed.key.collector, listed.key.hour.key) else f"it says that it is {said[1]} by {said[0]}"
        )
    except ValueError as error:
        wrong = str(error)
    if wrong:
        raise Problem(
            f"the manifest {listed.key} cannot be used: {wrong}",
            "Find out who wrote it; `tidemark upload` writes a right one where the collector still has the hour",
        )
    return manifest


def fingerprint(listed: Iterable[Listed]) -> str:
    """Return a digest that is equal for the same manifests with the same content, in any order."""
    lines = sorted(f"{manifest.key} {manifest.etag}\n" for manifest in listed)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
