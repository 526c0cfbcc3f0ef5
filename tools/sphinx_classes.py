"""What autodoc cannot know of the package's classes, for the reference.

Keras puts a `__new__(*args, **kwargs)` into every layer, which hides the arguments of `__init__`; and
a field of a named tuple has no docstring of its own: its class describes it.
"""

import inspect


def signature_of_init(app, what, name, obj, options, signature, return_annotation):
    """The arguments of a class, as its own `__init__` names them."""
    if what != "class" or obj.__init__ is object.__init__ or issubclass(obj, tuple):
        return None
    parameters = list(inspect.signature(obj.__init__).parameters.values())[1:]
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in parameters]
    return str(inspect.Signature(bare)), None


def skip_fields(app, what, name, obj, skip, options):
    """Leave out the fields of named tuples."""
    return True if (inspect.getdoc(obj) or "").startswith("Alias for field number") else None


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-signature", signature_of_init)
    app.connect("autodoc-skip-member", skip_fields)
    return {"parallel_read_safe": True}
