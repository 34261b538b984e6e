"""Networks whose units are opened and closed by gates."""
