"""The machines of Quorate: the Django app around them, and in `node` what runs on a node itself."""
