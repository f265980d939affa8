"""Bytes in, bytes out, as the devices' manuals say. Pure: no line, no clock, no thread."""
