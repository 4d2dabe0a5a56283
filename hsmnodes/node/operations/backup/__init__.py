"""Operations on backups of a Trust Zone."""
