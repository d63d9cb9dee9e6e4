"""Image errors read as sentences with a remedy."""

from components.images.errors import ImageError, ImageMissing


def test_message_and_remedy() -> None:
    """Both stay apart for those who print them apart."""
    error = ImageMissing("No image of that digest.", "Run `vps image build NAME`.")
    assert str(error) == "No image of that digest. Run `vps image build NAME`."
    assert (error.message, error.remedy) == ("No image of that digest.", "Run `vps image build NAME`.")
    assert isinstance(error, ImageError)
