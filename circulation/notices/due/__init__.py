"""What is due: a module for each thing that notices are about. Reads only; selecting makes messages of it."""
