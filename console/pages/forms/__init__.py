"""Forms made from the operations' own parameters, so that a new operation has one without being told."""
