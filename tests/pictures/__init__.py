"""The pictures of the documentation, made from the real programs: `make pictures`."""
