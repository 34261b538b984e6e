"""What a person sees of a run: figures and a summary in words."""
