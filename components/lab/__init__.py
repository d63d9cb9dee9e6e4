"""A KVM host of our own inside namespaces, for the demo and the tests."""
