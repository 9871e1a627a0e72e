"""What is read afterwards, from the journal and the run's folder alone: views, answers, reports."""
