"""Which version of Tidemark this is: the distribution is called `tidemark-nft`, for `tidemark` is another's."""

from importlib.metadata import version

DISTRIBUTION = "tidemark-nft"
VERSION = version(DISTRIBUTION)
SOFTWARE = f"tidemark {VERSION}"
