"""Messages, transports and delivery."""
