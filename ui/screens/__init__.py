"""One pair of ``.py`` and ``.kv`` a screen."""
