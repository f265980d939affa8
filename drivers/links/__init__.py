"""Bytes in and out of serial ports and card readers. Knows nothing of what they mean (codecs)."""
