"""Wire protocols and tag data models without I/O: bytes to frozen messages and back."""
