"""The mathematics that all targets share: elementary functions, correctly rounded where it counts."""
