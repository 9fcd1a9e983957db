"""The canonical form of a spec file. Only blanks, empty lines and the order of the envelope's keys are touched, never a value or a
comment; a text whose meaning would change is refused.

ruamel is not used: it loses comments within brackets, leaves comments behind when what they are about moves, joins what was
folded by hand, and takes seconds for ten thousand lines.
"""
