"""What runs on an HSM node: the ground floor of Quorate. Nothing in here imports Django."""
