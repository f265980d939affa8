"""Building blocks of the screens. Every length is in px at the reference size unless a name says pixels."""
