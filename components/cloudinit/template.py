"""Renders a template's three texts under StrictUndefined, and tells one state of a template from another.

Every value enters YAML through the filter `quote` and HTML through `e`; nothing else makes a client's text safe.
"""

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii

import jinja2

from components.cloudinit.contract import TEMPLATES, Contract, contract
from components.domain.problems import DomainError

FILES = ("user-data", "meta-data", "network-config")

_BEYOND_BMP = re.compile("[\U00010000-\U0010ffff]")
_NOT_GECOS = re.compile("[:,=\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The three texts of a NoCloud seed. They name clients and people: never log them."""

    user_data: str
    meta_data: str
    network_config: str

    def __repr__(self) -> str:
        """Sizes only, so that no traceback or log shows the texts."""
        sizes = ", ".join(f"{len(text)} characters" for text in (self.user_data, self.meta_data, self.network_config))
        return f"Rendered({sizes})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    contract: Contract
    texts: tuple[jinja2.Template, jinja2.Template, jinja2.Template]


def render(template: str, values: Mapping[str, object]) -> Rendered:
    """The seed's texts. Raises DomainError (no such template) and ValuesError (all values that do not fit)."""
    compiled = _compile(template)
    compiled.contract.check(values)
    try:
        user_data, meta_data, network_config = (text.render(values) for text in compiled.texts)
    except jinja2.TemplateError as error:
        raise DomainError(
            f"Unable to render template {template}: {error.message}.",
            "The template uses what variables.yaml does not declare: mend one of them.",
        ) from error
    return Rendered(user_data=user_data, meta_data=meta_data, network_config=network_config)


def check_values(template: str, values: Mapping[str, object]) -> None:
    """Raises what `render` would raise, without rendering: for a preview."""
    contract(template).check(values)


@functools.cache
def template_digest(template: str) -> str:
    """SHA-256 over the template's files and its contract, in hex. Read once per process."""
    digest = hashlib.sha256(contract(template).canonical())
    for path in sorted((TEMPLATES / template).iterdir()):
        content = path.read_bytes()
        digest.update(f"\0{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def quote(value: object) -> str:
    """A value as YAML that reads back as exactly this value, whatever it holds.

    A double-quoted ASCII string: JSON's escapes are YAML's, except beyond the basic plane, where JSON writes two
    surrogates that YAML would read as two characters. Raises TypeError for what is no scalar and
    UndefinedError for what nobody declared.
    """
    if isinstance(value, str):
        quoted = encode_basestring_ascii(value)
        if "\\ud" in quoted and _BEYOND_BMP.search(value):
            return '"' + "".join(_escaped(character) for character in value) + '"'
        return quoted
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, jinja2.Undefined):
        return str(value)
    raise TypeError(f"quote takes a text, a number or a flag, not {type(value).__name__}")


def as_json(value: object) -> str:
    """A value as JSON on one line, in an order of its own: state hands over maps sorted and numbers as floats.

    Raises UndefinedError for what nobody declared.
    """
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def addresses(nics: Mapping[str, Mapping[str, Sequence[str]]]) -> list[str]:
    """The addresses of all interfaces without their prefix lengths."""
    return [address.partition("/")[0] for nic in nics.values() for address in nic["addresses"]]


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, jinja2.Undefined):
        return str(value)
    return value


def gecos(name: str) -> str:
    """A person's name as `/etc/passwd` can hold it: `:`, `,`, `=` and control characters become spaces."""
    return _NOT_GECOS.sub(" ", name).strip()


def _escaped(character: str) -> str:
    return f"\\U{ord(character):08x}" if character > "\uffff" else encode_basestring_ascii(character)[1:-1]


@functools.cache
def _compile(template: str) -> _Compiled:
    found = contract(template)
    user_data, meta_data, network_config = (_environment().get_template(f"{template}/{f}.yaml.j2") for f in FILES)
    return _Compiled(contract=found, texts=(user_data, meta_data, network_config))


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - the texts are YAML; the page in them is escaped where it is written
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters["quote"] = quote
    environment.filters["gecos"] = gecos
    environment.filters["json"] = as_json
    environment.filters["addresses"] = addresses
    return environment
