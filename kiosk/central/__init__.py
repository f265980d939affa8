"""The machine's side of the central circulation service: protocol, REST client, item list, worker thread."""
