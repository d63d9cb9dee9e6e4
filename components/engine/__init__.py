"""The Pulumi engine, driven: where it is, which state it uses, who holds a stack."""
