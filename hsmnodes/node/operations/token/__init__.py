"""Operations on tokens of people."""
