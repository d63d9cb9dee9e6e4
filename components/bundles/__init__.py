"""Bundles: every source of a flavour that is no Debian package, pinned, verified and packed into one archive.

`vps image bundle` makes one from a flavour's `bundle*.yaml`; `vps image build` bakes it into an image.
"""
