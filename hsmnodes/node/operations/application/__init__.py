"""Operations on the applications that use keys of a zone."""
