"""One pair of ``.py`` and ``.kv`` a screen; what some of them share."""
