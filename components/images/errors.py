"""What can go wrong with images, each told with a remedy."""


class ImageError(Exception):
    """An image could not be built, found or trusted: `message` says what was seen, `remedy` what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".rstrip())
        self.message = message
        self.remedy = remedy


class ImageMissing(ImageError):  # noqa: N818 - named like the errors of drivers
    """No file of the asked digest is in the cache of this machine."""
