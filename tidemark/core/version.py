"""Which version of Tidemark this is: the distribution is called `tidemark-nft`, for `tidemark` is another's."""

from importlib.metadata import version

VERSION = version("tidemark-nft")
SOFTWARE = f"tidemark {VERSION}"
