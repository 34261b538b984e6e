"""What searches share: ask and tell, states, checks, memory, restarts, genetic operators, step rules."""
