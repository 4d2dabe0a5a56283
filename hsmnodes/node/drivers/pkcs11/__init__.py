"""The driver for PKCS#11 modules: SoftHSM2, and any other that has a profile."""
