"""Makes the generated parts of docs/ from what the program itself goes by: models, command tree, exit codes, output documents.

Not a command of trueup: it serves this repository (``make docs``). What people wrote stands outside of the marked parts and is
never touched.
"""
