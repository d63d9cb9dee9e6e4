"""The Pulumi provider plugin `vps`: resource protocol on one side, drivers on the other."""
