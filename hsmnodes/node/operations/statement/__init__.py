"""Operations on the statement of the agreed separation of duties."""
