"""Operations on the backup key of a Trust Zone."""
