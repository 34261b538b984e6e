"""Control in closed loop: the action moves the world that is observed next."""
