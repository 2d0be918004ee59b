"""The speed promises, measured: `python -m bench` prints one table, each figure beside its ceiling in the same run."""
