"""The Pulumi program and the example fleet."""
