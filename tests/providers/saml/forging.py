"""Forged SAML documents, made from honest ones: signature wrapping in many shapes, places and disguises (T18).

Every forger takes an honestly signed document and what the attacker wants to be read instead, and gives a document
whose signature is still the honest one. None of them may be accepted: not even as the honest message.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
Forger = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """One forged document and how it was made."""

    name: str
    xml: bytes


def signature_of(element: Any) -> Any:
    return element.find(f"{{{DS}}}Signature")


def evil_twin(signed: Any, new_id: str) -> Any:
    """Copy the signed element without its signature, under another ID, saying what the attacker wants."""
    twin = deepcopy(signed)
    twin.remove(signature_of(twin))
    twin.set("ID", new_id)
    for name in twin.iter(f"{{{SAML}}}NameID"):
        name.text = "the attacker"
    for value in twin.iter(f"{{{SAML}}}AttributeValue"):
        value.text = "990101-12345"
    if twin.get("AssertionConsumerServiceURL"):
        twin.set("AssertionConsumerServiceURL", "https://evil.test/acs")
    return twin


# --- the eight classic shapes, over whatever was signed (Somorovsky et al. 2012, table 2) ---


def twin_beside_in_a_wrapper(signed: Any, new_id: str) -> Any:
    """The twin is the root, the original hides inside its signature."""
    twin = evil_twin(signed, new_id)
    moved = deepcopy(signature_of(signed))
    moved.append(_without_signature(signed))
    twin.insert(1, moved)
    return twin


def original_beside_its_signature(signed: Any, new_id: str) -> Any:
    """The twin carries the signature, and the original stands behind it."""
    twin = evil_twin(signed, new_id)
    twin.insert(1, deepcopy(signature_of(signed)))
    twin.append(_without_signature(signed))
    return twin


def original_as_first_child(signed: Any, new_id: str) -> Any:
    """The twin wraps the whole signed original as its first child."""
    twin = evil_twin(signed, new_id)
    twin.insert(0, deepcopy(signed))
    return twin


def original_as_last_child(signed: Any, new_id: str) -> Any:
    """The twin wraps the whole signed original as its last child."""
    twin = evil_twin(signed, new_id)
    twin.append(deepcopy(signed))
    return twin


def twin_inside_the_original(signed: Any, new_id: str) -> Any:
    """The original is the root, and the twin stands where a lazy reader finds it first."""
    root = deepcopy(signed)
    root.insert(0, evil_twin(signed, new_id))
    return root


def original_in_an_object(signed: Any, new_id: str) -> Any:
    """The signature moves to the twin and carries the original in a ``ds:Object``."""
    twin = evil_twin(signed, new_id)
    moved = deepcopy(signature_of(signed))
    etree.SubElement(moved, f"{{{DS}}}Object").append(_without_signature(signed))
    twin.insert(1, moved)
    return twin


def original_in_extensions(signed: Any, new_id: str) -> Any:
    """The original hides in Extensions of the twin."""
    twin = evil_twin(signed, new_id)
    hidden = etree.SubElement(twin, f"{{{SAMLP}}}Extensions")
    hidden.append(deepcopy(signed))
    twin.insert(1, hidden)
    return twin


def original_in_key_info(signed: Any, new_id: str) -> Any:
    """The original hides in the KeyInfo of the twin's signature."""
    twin = evil_twin(signed, new_id)
    moved = deepcopy(signature_of(signed))
    info = moved.find(f"{{{DS}}}KeyInfo")
    info = etree.SubElement(moved, f"{{{DS}}}KeyInfo") if info is None else info
    info.append(_without_signature(signed))
    twin.insert(1, moved)
    return twin


SHAPES: Final[Sequence[Callable[[Any, str], Any]]] = (
    twin_beside_in_a_wrapper,
    original_beside_its_signature,
    original_as_first_child,
    original_as_last_child,
    twin_inside_the_original,
    original_in_an_object,
    original_in_extensions,
    original_in_key_info,
)


# --- disguises: tricks with names, identifiers and references ---


def as_it_is(root: Any, _original_id: str) -> Any:
    return root


def the_same_id_twice(root: Any, original_id: str) -> Any:
    """Twin and original share the ID that the reference names."""
    root.set("ID", original_id)
    return root


def another_spelling_of_the_id(root: Any, original_id: str) -> Any:
    """The twin also answers to the original's ID by another attribute."""
    root.set("Id", original_id)
    return root


def an_xml_id(root: Any, original_id: str) -> Any:
    root.set("{http://www.w3.org/XML/1998/namespace}id", original_id)
    return root


def a_reference_to_everything(root: Any, _original_id: str) -> Any:
    """The reference names the whole document."""
    for reference in root.iter(f"{{{DS}}}Reference"):
        reference.set("URI", "")
    return root


def a_reference_to_the_twin(root: Any, _original_id: str) -> Any:
    for reference in root.iter(f"{{{DS}}}Reference"):
        reference.set("URI", f"#{root.get('ID')}")
    return root


def an_xpointer(root: Any, original_id: str) -> Any:
    for reference in root.iter(f"{{{DS}}}Reference"):
        reference.set("URI", f"#xpointer(id('{original_id}'))")
    return root


def two_references(root: Any, _original_id: str) -> Any:
    for reference in list(root.iter(f"{{{DS}}}Reference")):
        reference.addnext(deepcopy(reference))
    return root


def no_signed_info_of_its_own(root: Any, _original_id: str) -> Any:
    """A second SignedInfo stands before the first."""
    for info in list(root.iter(f"{{{DS}}}SignedInfo")):
        info.addprevious(deepcopy(info))
    return root


def a_prefix_of_another_meaning(root: Any, _original_id: str) -> Any:
    """The prefixes of the twin are bound to other namespaces inside."""
    etree.SubElement(root, "{urn:elsewhere}Extra", nsmap={"saml": "urn:elsewhere", "samlp": "urn:elsewhere"})
    return root


DISGUISES: Final[Sequence[Callable[[Any, str], Any]]] = (
    as_it_is,
    the_same_id_twice,
    another_spelling_of_the_id,
    an_xml_id,
    a_reference_to_everything,
    a_reference_to_the_twin,
    an_xpointer,
    two_references,
    no_signed_info_of_its_own,
    a_prefix_of_another_meaning,
)


def forgeries(signed: Any, kind: str) -> Iterator[Forgery]:
    """Give every shape in every disguise, over one signed message whose signature stands in its root."""
    original_id = signed.get("ID")
    for shape in SHAPES:
        for disguise in DISGUISES:
            forged = disguise(_own_document(shape(signed, "_evil")), original_id)
            yield Forgery(name=f"{kind}-{shape.__name__}-{disguise.__name__}", xml=etree.tostring(forged))


def forged_responses(response: Any, kind: str) -> Iterator[Forgery]:
    """Give every shape in every disguise and place, over the signed assertion of a response that is not signed."""
    assertion = response.find(f"{{{SAML}}}Assertion")
    original_id = assertion.get("ID")
    for shape in SHAPES:
        for disguise in DISGUISES:
            for place in PLACES:
                forged = disguise(_own_document(shape(assertion, "_evil")), original_id)
                document = place(deepcopy(response), forged)
                name = f"{kind}-{shape.__name__}-{disguise.__name__}-{place.__name__}"
                yield Forgery(name=name, xml=etree.tostring(document))


def instead_of_the_assertion(response: Any, forged: Any) -> Any:
    response.replace(response.find(f"{{{SAML}}}Assertion"), forged)
    return response


def before_the_assertion(response: Any, forged: Any) -> Any:
    response.find(f"{{{SAML}}}Assertion").addprevious(forged)
    return response


def after_the_assertion(response: Any, forged: Any) -> Any:
    response.find(f"{{{SAML}}}Assertion").addnext(forged)
    return response


PLACES: Final = (instead_of_the_assertion, before_the_assertion, after_the_assertion)


def _own_document(element: Any) -> Any:
    return etree.fromstring(etree.tostring(element))


def _without_signature(signed: Any) -> Any:
    bare = deepcopy(signed)
    bare.remove(signature_of(bare))
    return bare
