"""Operations on charters."""
