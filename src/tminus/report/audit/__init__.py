"""The audit of a script as a document: built once, written as Markdown or as HTML, in several languages.

`evidence` gathers what check and plan say, `build` turns it into a `Document`, `markdown` and `html` write
that document. No sentence is written by a renderer, so that the two cannot say different things.
"""
