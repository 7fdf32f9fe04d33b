"""Stable forms: what is run in place of a formula as it is written, printed and derived.

A quotient of exponentials is recognised by what it is and not by how it is spelled: `terms` says what form it has,
`reading` brings an expression to that form (names are looked through), `pieces` lists what is computed safely, and
`building` puts a term together from pieces. `logarithms` and `differences` have the rules for log and for a − b.

>>> import handgrad as hg
>>> J = hg.parse("J = log(exp(z) / (1 + exp(z)))", shapes={"z": ""}).symbol("J")
>>> print(stable(J.definition))
log σ(z)
"""

from handgrad.stable.rules import quick, stable

__all__ = ["quick", "stable"]
