"""The directives `experiment-records` and `ledger`: what book/data holds, and what holds each number."""

import ledger
import records
from docutils import nodes
from docutils.statemachine import StringList
from frame import repository_url
from sphinx.util.docutils import SphinxDirective


class Made(SphinxDirective):
    """Markdown that a tool makes when the book is built."""

    def markdown(self) -> str:
        raise NotImplementedError

    def run(self):
        self.env.note_reread()  # other pages may have changed
        container = nodes.section()
        container.document = self.state.document
        lines = StringList(self.markdown().splitlines(), source=f"tools: {self.name}")
        self.state.nested_parse(lines, self.content_offset, container, match_titles=True)
        return container.children


class ExperimentRecords(Made):
    def markdown(self) -> str:
        return records.markdown(repository_url())


class Ledger(Made):
    def markdown(self) -> str:
        return ledger.markdown()


def setup(app):
    app.add_directive("experiment-records", ExperimentRecords)
    app.add_directive("ledger", Ledger)
    return {"parallel_read_safe": True}
