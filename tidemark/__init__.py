"""Everything of Tidemark that is imported, but the collector: one folder per stage, in layers that import-linter holds.

`cli` > `local` > `airflow` > `loader`, `query`, `simulator` > `storage` > `archive` > `core`; what stands first may
import what stands behind it. The program on EC2 is the package `collector`, beside this one.
"""
