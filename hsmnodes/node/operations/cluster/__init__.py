"""Operations on clusters: which nodes belong together, in which order, and how they share the work."""
