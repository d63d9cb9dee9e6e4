"""The policy pack: an independent auditor that imports nothing of the product."""
