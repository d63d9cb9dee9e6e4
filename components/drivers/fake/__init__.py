"""A hypervisor in a folder of files: fast, shared between processes, able to fail on demand."""
