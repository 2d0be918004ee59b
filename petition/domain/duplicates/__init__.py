"""Who is probably the same person as whom: the same name in another spelling or script, beside all else that is known.

`index.Index` holds records and finds pairs, `clusters` joins pairs to persons, `reasons` says why. Pure arithmetic:
nothing is read or stored, and the same records give the same answers.
"""
