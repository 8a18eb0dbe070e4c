"""The archive format that collector and loader agree on: hours, record lines, names, manifests, coverage.

Belongs here: pure values with one parser and one printer each. Does not: input, output, a clock, or the
interface of anybody's service. Time is always an argument.
"""
