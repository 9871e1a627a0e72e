"""The skill and the agents of ours, put where other agents' programs look for them."""
