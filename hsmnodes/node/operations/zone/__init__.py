"""Operations on Trust Zones as such."""
