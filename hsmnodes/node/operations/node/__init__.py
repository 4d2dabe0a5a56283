"""Operations on a node itself."""
