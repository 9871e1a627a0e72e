"""A hundred texts that try to get out of a page, and a report that holds one of them in every field."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace
from synthesis.sample import given

from forkjoin.model import Change, Report, to_builtins
from forkjoin.synthesis.renderers import Detail, Given

# MARK runs where a script does; the address is where a request would go.
MARK = "document.title='PWNED';document.body.setAttribute('data-pwned','1')"
_RAW = (
    "<script>{m}</script>",
    "</script><script>{m}</script>",
    "</title><script>{m}</script>",
    "</style><script>{m}</script>",
    "--><script>{m}</script>",
    "]]><script>{m}</script>",
    "</textarea><script>{m}</script>",
    "<ScRiPt>{m}</sCrIpT>",
    "<script src={u}></script>",
    "<script/src='{u}'></script>",
    "<script\t>{m}</script\n>",
    "<<script>{m}//<</script>",
    '<img src=x onerror="{m}">',
    "<img src='{u}'>",
    "<img src={u} loading=eager>",
    '"><img src=x onerror="{m}">',
    "'><img src=x onerror='{m}'>",
    "`><img src=x onerror=`{m}`>",
    '<svg onload="{m}">',
    "<svg/onload={m}>",
    "<svg><script>{m}</script></svg>",
    "<svg><image href='{u}'/></svg>",
    "<svg><use href='{u}#a'/></svg>",
    '<svg><animate onbegin="{m}" attributeName=x dur=1s>',
    "<svg><style>@import '{u}';</style></svg>",
    "<math><mtext><script>{m}</script></mtext></math>",
    '<body onload="{m}">',
    '<iframe src="javascript:{m}"></iframe>',
    '<iframe srcdoc="<script>parent.{m}</script>"></iframe>',
    "<iframe src='{u}'></iframe>",
    "<object data='{u}'></object>",
    "<embed src='{u}'>",
    "<link rel=stylesheet href='{u}'>",
    "<link rel=prefetch href='{u}'>",
    "<link rel=icon href='{u}'>",
    '<meta http-equiv=refresh content="0;url={u}">',
    '<meta http-equiv=refresh content="0;url=javascript:{m}">',
    "<base href='{u}'>",
    "<form action='{u}'><button autofocus>",
    '<input autofocus onfocus="{m}">',
    '<details open ontoggle="{m}">',
    "<video src='{u}' autoplay onerror=\"{m}\">",
    "<audio src='{u}' autoplay>",
    "<style>body{{background:url({u})}}</style>",
    "<style>@import url({u});</style>",
    '<div style="background:url({u})">',
    "<p style='behavior:url({u})'>",
    "expression({m})",
    "background:url({u})",
    "}}body{{background:url({u})}}",
    '" onmouseover="{m}',
    "' onmouseover='{m}",
    '" autofocus onfocus="{m}" x="',
    " onload={m} ",
    'x" onerror="{m}',
    "javascript:{m}",
    "JaVaScRiPt:{m}",
    "java\tscript:{m}",
    "java\nscript:{m}",
    "\x01javascript:{m}",
    "data:text/html,<script>{m}</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "vbscript:{m}",
    "[x](javascript:{m})",
    "![x]({u})",
    '<a href="javascript:{m}">x</a>',
    "<a href='{u}' ping='{u}'>x</a>",
    '<a href=# onclick="{m}">x</a>',
    "&lt;script&gt;{m}&lt;/script&gt;",
    "&#60;script&#62;{m}&#60;/script&#62;",
    "&#x3c;script&#x3e;{m}",
    "\\u003cscript\\u003e{m}",
    "\\x3cscript\\x3e{m}",
    "%3Cscript%3E{m}%3C/script%3E",
    "+ADw-script+AD4-{m}+ADw-/script+AD4-",
    "＜script＞{m}＜/script＞",
    "\u2028<script>{m}</script>",
    "\u2029{m}",
    "\u202e>tpircs<{m}",
    "\x00<script>{m}</script>",
    "<scr\x00ipt>{m}</scr\x00ipt>",
    "\ufeff<script>{m}</script>",
    "<\u200bscript>{m}</script>",
    "\x1b]0;x\x07<script>{m}</script>",
    "\x1b[31m<b>{m}</b>",
    "{{{{constructor.constructor('{m}')()}}}}",
    "${{{m}}}",
    "<%= {m} %>",
    "#{{{m}}}",
    "<!--<script>{m}</script>",
    "<!--><img src=x onerror={m}>-->",
    "<![CDATA[<script>{m}</script>]]>",
    "<?xml-stylesheet href='{u}'?>",
    "<!ENTITY x SYSTEM '{u}'>",
    '<noscript><p title="</noscript><img src=x onerror={m}>">',
    "<template><script>{m}</script></template>",
    "<x id=text></x><x id=list>",
    "<form id=location><input name=hash>",
    "__proto__",
    "constructor",
    '<marquee onstart="{m}">',
    "<keygen autofocus onfocus={m}>",
    "` onx=`{m}",
    "💥<script>{m}</script>",
    "Ａ\u0300<img src={u}>",
)
_CLOSED = frozenset((
    "severity", "confidence", "form", "about", "cause", "line", "end_line", "how", "counts", "findings_count",
))  # fmt: skip


def payloads(address: str = "http://127.0.0.1:9/x") -> list[str]:
    """Return the texts."""
    return [raw.format(m=MARK, u=address) for raw in _RAW]


def hostile(text: str) -> Given:
    """Return the sample with *text* in every field that holds free text."""
    plain = given()
    report = msgspec.convert(_filled(to_builtins(plain.report), text), Report)
    timeline = plain.timeline
    assert timeline is not None
    changes = (Change(path=text, how="modified", violation=True, runs=True),)
    details = {task.id: Detail(log=text, diff=f"+{text}\n-{text}\n@@{text}", changes=changes) for task in report.tasks}
    spans = tuple(msgspec.structs.replace(span, task=text) for span in timeline.spans)
    line = msgspec.structs.replace(timeline, spans=spans)
    return replace(plain, report=report, timeline=line, details=details, tree=f"/{text}", version=text)


def _filled(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {key: given if key in _CLOSED else _filled(given, text) for key, given in value.items()}
    if isinstance(value, list):
        return [_filled(one, text) for one in value]
    return text if isinstance(value, str) else value
