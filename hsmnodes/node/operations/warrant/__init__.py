"""Operations on warrants that are partly carried out."""
