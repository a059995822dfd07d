"""Whether an entry of the broker touches a grant, or stays within it, is what a list of all names says."""

from __future__ import annotations

from itertools import product

from hypothesis import example, given
from hypothesis import strategies as st

from services.stream.access import Grant, Operation, Pattern, Resource
from services.stream.acl_admin import Entry, touches, within

# Longer than any name below by enough: what two patterns share, they share here.
NAMES = ["".join(letters) for length in range(1, 6) for letters in product("ab", repeat=length)]

names = st.text("ab", min_size=1, max_size=3)
patterns = st.sampled_from(list(Pattern))
operations = st.sampled_from([Operation.READ, Operation.WRITE, Operation.DESCRIBE])
users = st.sampled_from(["User:a", "User:b"])
resources = st.sampled_from(list(Resource))
made_grants = st.builds(Grant, users, resources, patterns, names, operations)
entries = st.builds(
    Entry, users, resources, patterns, names | st.just("*"), operations, permission=st.just(3), host=st.just("*")
)


def named(pattern: int, name: str) -> set[str]:
    if pattern == Pattern.LITERAL:
        return set(NAMES) if name == "*" else {name}
    return {each for each in NAMES if each.startswith(name)}


@given(entries, made_grants)
@example(
    Entry("User:a", Resource.TOPIC, Pattern.LITERAL, "*", Operation.READ, 3, "*"),
    Grant("User:a", Resource.TOPIC, Pattern.LITERAL, "a", Operation.READ),
)
def test_an_entry_touches_what_it_shares_a_name_with(entry: Entry, grant: Grant) -> None:
    shared = named(entry.pattern, entry.name) & named(grant.pattern, grant.name)
    assert touches(entry, grant) == (entry.resource == grant.resource and bool(shared))


@given(entries, made_grants)
def test_an_entry_within_a_grant_allows_nothing_beyond_it(entry: Entry, grant: Grant) -> None:
    if within(entry, grant):
        assert (entry.principal, entry.resource) == (grant.principal, grant.resource)
        assert named(entry.pattern, entry.name) <= named(grant.pattern, grant.name)
        assert entry.operation in (grant.operation, Operation.DESCRIBE)


@given(made_grants)
def test_a_grant_is_within_itself(grant: Grant) -> None:
    entry = Entry(grant.principal, grant.resource, grant.pattern, grant.name, grant.operation, 3, "*")
    assert within(entry, grant) and touches(entry, grant)
