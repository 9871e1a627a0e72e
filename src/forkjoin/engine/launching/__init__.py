"""Launching a run: what keeps a plan from it, how long its tasks will take, and its folder, whole or not at all."""
