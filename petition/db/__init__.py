"""The only floor that knows which database we are on."""
