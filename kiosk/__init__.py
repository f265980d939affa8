"""One machine's application without a screen: session, self-service decision, journal, central client, receipts."""

VERSION = "0.1.0"
