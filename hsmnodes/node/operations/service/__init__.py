"""Operations on what a provider gives a customer."""
