"""The pure session state machine: step(state, message, now) -> (state, effects)."""
