"""From a record line to a sale, another event or a reject: pure and total.

Belongs here: the shapes of OpenSea's messages, what a sale is, and how one is written as a row. Does not:
files, S3, PostgreSQL, a clock. No input raises, no amount is ever a float, and every line has one outcome.
"""
