"""Values that records may hold, for property tests."""

from hypothesis import strategies as st

names = st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=127), max_size=12)
texts = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=40)
scalars = st.none() | st.booleans() | texts | st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)

_OPTIONAL = ("artefact", "endpoint", "exchange", "loa", "method", "peer", "req_commit", "resp_commit", "revocation")
_MORE_OPTIONAL = ("actor", "direction", "leg", "prev_leg", "status", "subject", "tls", "verdict")
bodies = st.fixed_dictionaries(
    {"v": st.just(1), "corr": texts, "node": texts, "software_rev": texts, "config_rev": texts, "type": texts},
    optional=dict.fromkeys(_OPTIONAL + _MORE_OPTIONAL, scalars | st.lists(scalars, max_size=3)),
)
