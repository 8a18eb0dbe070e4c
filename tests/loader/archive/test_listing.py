import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loader.recording import HOUR
from tidemark.archive.manifest import Manifest, print_manifest
from tidemark.archive.names import ManifestKey
from tidemark.core.errors import Problem
from tidemark.loader.archive.listing import Listed, fingerprint, read_listed

NAMES = st.from_regex(r"[a-z]{1,5}", fullmatch=True)
ETAGS = st.text("abcdef0123456789", min_size=1, max_size=8)
LISTED = st.builds(lambda name, etag: Listed(ManifestKey("", name, HOUR), etag), NAMES, ETAGS)


@given(st.lists(LISTED), st.randoms())
def test_a_fingerprint_does_not_depend_on_the_order(listed: list[Listed], random) -> None:
    shuffled = random.sample(listed, len(listed))
    assert fingerprint(shuffled) == fingerprint(listed)


@given(st.lists(LISTED, min_size=1, unique=True), LISTED)
def test_a_fingerprint_changes_with_every_manifest(listed: list[Listed], another: Listed) -> None:
    assert fingerprint(listed[1:]) != fingerprint(listed)
    changed = Listed(listed[0].key, listed[0].etag + "0")
    assert fingerprint([changed, *listed[1:]]) != fingerprint(listed)


def test_what_a_listing_shows() -> None:
    key = "p/manifests/date=2026-11-22/hour=15/collector=a.json"
    assert Listed.of(key, '"abc"') == Listed(ManifestKey("p/", "a", HOUR), "abc")


@pytest.mark.parametrize("name", ["collector=A_B.json", "notes.txt", "collector=a.json.bak"])
def test_a_stranger_among_the_manifests_is_not_passed_over(name: str) -> None:
    with pytest.raises(Problem, match="and is none"):
        Listed.of(f"manifests/date=2026-11-22/hour=15/{name}", "abc")


def manifest(**changes: str) -> Manifest:
    return Manifest(**{"hour": HOUR.key, "collector": "a", "software": "test", "written_at": HOUR.end, **changes})


def test_a_manifest_is_read() -> None:
    listed = Listed(ManifestKey("", "a", HOUR), "abc")
    assert read_listed(listed, print_manifest(manifest())) == manifest()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "truncated"),
        (print_manifest(manifest(hour="2026-11-22T14")), "says that it is 2026-11-22T14 by a"),
        (print_manifest(manifest(collector="b")), "says that it is 2026-11-22T15 by b"),
        (
            print_manifest(manifest()).replace(b'"format":2', b'"format":3'),
            "format 3",
        ),
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(Problem, match=said):
        read_listed(Listed(ManifestKey("", "a", HOUR), "abc"), data)
