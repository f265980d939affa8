"""Pictures and sounds as files, and the two scripts that make them."""
