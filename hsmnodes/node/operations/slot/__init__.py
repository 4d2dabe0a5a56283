"""Operations on a zone's place in an HSM."""
