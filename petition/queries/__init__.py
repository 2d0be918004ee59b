"""Every shared read, named for what it returns; never writes."""
