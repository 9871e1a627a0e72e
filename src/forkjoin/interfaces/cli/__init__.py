"""The command line: `forkjoin VERB`. `main.main` is the door; a verb is a file in `verbs/` and a line in `table.py`."""
