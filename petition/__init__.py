"""A statement is put to the world and people put their names to it."""
