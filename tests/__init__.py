"""Tests: one file per source file, and the faults, contracts and whole flows beside them."""

from hypothesis import settings

settings.register_profile("tidemark", deadline=None)  # a busy machine is no failure
settings.load_profile("tidemark")
