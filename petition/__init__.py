"""A statement is put to the world and people put their names to it."""

import os

# numpy's algebra starts a thread for each core, which spins. Nothing here is large enough to want one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
