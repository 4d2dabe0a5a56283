"""Documents for paper, as PDF."""
