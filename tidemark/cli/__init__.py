"""The command `tidemark`: one file per verb, which reads options and calls its stage.

Belongs here: options, help, and what is printed. Does not: anything that a stage or another program needs.
A verb imports its stage when it runs, so that a collector's machine needs no loader.
"""
