"""What makers and certifiers say of models of tokens: a list in FIDO MDS3 form that the operator loads."""
