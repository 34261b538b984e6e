"""Graph to module: memory plan, layout, emitted text, compiled and kept."""
