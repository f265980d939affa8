"""Real wires: pseudo-terminals, a real card daemon, TCP. Nothing here knows what the bytes mean to a device."""
