"""KVM/libvirt hosts."""
