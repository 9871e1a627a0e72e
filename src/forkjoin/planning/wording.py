"""The words and file names by which a text is understood; to teach a new one is to add it here."""

from __future__ import annotations

import re
from typing import Final

_EXTENSIONS: Final = """
py pyi pyx ipynb js jsx mjs cjs ts tsx mts cts vue svelte go rs c h cc cpp cxx hpp hh m mm java kt kts scala
groovy rb php pl pm lua r jl ex exs erl hs ml mli fs cs vb swift dart zig nim sh bash zsh fish ps1 bat sql
graphql proto html htm css scss sass less xml svg json jsonl json5 yaml yml toml ini cfg conf env lock md mdx
rst txt adoc tex csv tsv log diff patch tf hcl nix cmake mk gradle properties png jpg gif ico pdf po pot tmpl
j2 template
"""
_BARE_NAMES: Final = """
Makefile Dockerfile Justfile Procfile Rakefile Gemfile Pipfile LICENSE CODEOWNERS README CHANGELOG CHANGES NEWS
Jenkinsfile Vagrantfile
"""
EXTENSIONS: Final = frozenset(_EXTENSIONS.split())
BARE_NAMES: Final = frozenset(_BARE_NAMES.split())

# Each row: what is said right before a path, and what that makes of it. The cue nearest to the path decides;
# of two that end at the same place the longer one.
_WRITE: Final = (
    "add|append|adapt|adjust|build|bump|change|clean up|convert|correct|create|delete|document|draft|drop|edit|emit|"
    "enhance|expand|export|extend|extract|fill in|fix|format|generate|harden|implement|improve|insert|introduce|"
    "make|merge|migrate|modernise|modernize|modify|move|optimise|optimize|output|overwrite|patch|polish|port|produce|put|"
    "record|refactor|reformat|register|remove|rename|reorganise|reorganize|repair|replace|restructure|revise|rewrite|"
    "save|set up|simplify|speed up|split|store|tidy|touch|translate|tune|update|upgrade|write"
)
_READ: Final = (
    "according to|analyse|analyze|as in|assess|audit|based on|check|compare|compare with|conform to|consult|"
    "consistent with|"
    "copy|copied from|defined by|defined in|described by|described in|documented in|derived from|examine|explained in|"
    "explore|find in|follow|following|found in|from|given in|grep|imported from|inspect|investigate|kept in|like|"
    "listed in|load|look at|look into|look through|looking at|matching|mentioned in|modelled on|open|parse|pattern of|"
    "refer to|report on|review|same as|scan|search|see|shown in|similar to|specified in|stated in|study|style of|"
    "summarise|summarize|tests? (?:for|of)|documentation (?:for|of)|docs (?:for|of)|trace|"
    "understand|use|used by|used in|"
    "using|validate|verify|with|read|reads|reading|unlike|instead of|depends on|imports?|calls?(?: into)?|without"
)
_NEVER: Final = (
    r"(?:do not|don't|don’t|never|must not|may not|without|not to|avoid|no need to|cannot|shall not|should not)\s+"
    r"(?:\w+\s+){0,2}?(?:add\w*|chang\w*|edit\w*|modif\w*|touch\w*|writ\w*|updat\w*|remov\w*|delet\w*|alter\w*|"
    r"rewrit\w*|renam\w*|break\w*)"
)
BEFORE: Final = re.compile(
    rf"(?P<never>\b{_NEVER}\b|\b(?:leave|keep|preserve)\b)|"
    rf"(?P<write>\b(?:{_WRITE})\b|\b(?:changes?|edits?) (?:to|in)\b|->|→|>)"
    rf"|(?P<read>\b(?:{_READ})\b)|(?P<to>\b(?:to|into|in|under|at)\b)",
    re.I,
)
AFTER: Final = re.compile(
    r"^[`'\")\s]*(?:already\s+)?(?:explains?|describes?|documents|defines?|shows?|contains?|lists?|has|have|holds?|says?|gives?|"
    r"is|are|exists?|tells?|covers?|implements|uses|provides?|specif(?:y|ies)|unchanged|as (?:a |the )?(?:reference|"
    r"example|template|model|guide))\b",
    re.I,
)
AFTER_WRITE: Final = re.compile(
    r"^[`'\")\s]*(?:(?:has|have|needs?|must|should|is|are)\s+(?:to\s+be|be|being|to)\b|needs\b|should\b|"
    r"must\b|is wrong\b|"
    r"is (?:out of date|outdated|missing|broken|too)\b)",
    re.I,
)
