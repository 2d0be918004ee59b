"""Names across scripts: taken apart (`words`), as sounds and keys (`letters`), how far apart two are (`distance`)."""
