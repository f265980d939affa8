"""One module per device: a codec and a link behind a Protocol of ``drivers.api``.

Not responsible for threads (worker).
"""
