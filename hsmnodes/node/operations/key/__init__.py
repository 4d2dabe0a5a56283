"""Operations on the keys of a zone."""
