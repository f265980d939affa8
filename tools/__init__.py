"""What builds, checks and counts; nothing here is part of the product."""
