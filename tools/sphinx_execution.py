"""The directive `execution-times`: what the notebooks took when they were last run here."""

import execution
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective


class ExecutionTimes(SphinxDirective):
    def run(self):
        self.env.note_reread()  # each build has other times
        container = nodes.container()
        lines = StringList(execution.table().splitlines(), source="tools/execution.py")
        self.state.nested_parse(lines, 0, container)
        return container.children


def setup(app):
    app.add_directive("execution-times", ExecutionTimes)
    return {"parallel_read_safe": True}
