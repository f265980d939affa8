"""The ways for messages: e-mail (smtp), text message (sms), letter (letter). Each is a ``Channel`` of notices.types.

Responsible for what became of handing a message over. Not responsible for which messages there are, or when one
is tried again (ledger).
"""
