"""What answers over HTTP: one router per audience."""
