"""images.lock.yaml: the golden images by the digest of their bytes. Written by `vps image build`, never by hand."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from components.config.shape import FileShape, Shape
from components.config.texts import Date, Text
from components.domain.images import Image


class ImageShape(Shape):
    """One finished image."""

    sha256: Annotated[Text, Field(json_schema_extra={"pattern": "^[0-9a-f]{64}$"})]
    """Of the finished file."""
    bytes: Annotated[int, Field(ge=1)]
    virtual_gib: Annotated[int, Field(ge=1)]
    """The smallest disk that holds it."""
    inputs: Text
    """Digest of what it was built from."""
    built: Date
    expires: Date
    flavour: Text = ""
    """What kind of managed guest it is."""
    bundle: Annotated[Text, Field(json_schema_extra={"pattern": "^([0-9a-f]{64})?$"})] = ""
    """Of the archive of pinned sources that was baked into it."""

    def domain(self, name: str) -> Image:
        """The image."""
        return Image(
            name=name,
            sha256=self.sha256,
            bytes=self.bytes,
            virtual_gib=self.virtual_gib,
            inputs=self.inputs,
            built=self.built,
            expires=self.expires,
            flavour=self.flavour,
            bundle=self.bundle,
        )


class LockFile(FileShape):
    """images.lock.yaml: the golden images by the digest of their bytes. Written by `vps image build`, never by hand."""

    stand_ins: ClassVar[Mapping[str, object]] = {"images": {}}

    images: dict[str, ImageShape]
