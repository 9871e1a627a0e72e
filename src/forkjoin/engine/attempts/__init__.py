"""Attempts: how each gets a workspace and a brief, is started and ended, and what becomes of it."""
