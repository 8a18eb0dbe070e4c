"""The edges that several stages share: files, S3, settings, and the folders that ship with the package.

Belongs here: input and output that more than one stage does. Does not: the logic of a stage.
"""
