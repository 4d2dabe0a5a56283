"""The console: the Django project, and all that people and programs see."""
