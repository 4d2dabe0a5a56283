"""What is in every connection kit as it stands here."""
