"""Every write: one async function per human act."""
