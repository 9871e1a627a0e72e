"""The style of the page: light and dark, wide and narrow, on paper too. Colours carry no meaning that words do not."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{--bg:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#5b6675;--line:#dfe3e9;--faint:#eef1f5;--link:#1d5fbf;
--critical:#9b1150;--high:#c2410c;--medium:#946200;--low:#1f6feb;--info:#5f6b7a;
--good:#17734a;--bad:#b42318;--warn:#8a5a00;--live:#1f6feb;--calm:#5f6b7a;
--on:#fff;--warnback:#fff4de;--goodback:#e8f6ee;--badback:#fdecea;
--dependency:#9a8fd6;--conflict:#e08a6d;--resource:#cf7fb4;--cap:#a9b4c2;--memory:#d0a44a;--disk:#b98d6a;--other:#7fb0a8;
--limit:#d9b44a;--overlap:#c9785c;--owner:#8d97a5;--setup:#7aa7d9;--retry:#d97a8c;--straggler:#b36b9e;--overhead:#c3cad3;
--shadow:0 1px 2px rgba(20,30,45,.05),0 4px 16px rgba(20,30,45,.04);
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media screen and (prefers-color-scheme:dark){:root{--bg:#10151c;--card:#171e27;--ink:#e4e9f0;--soft:#9aa6b5;
--line:#2a3441;--faint:#1e2732;--link:#7ab4ff;--critical:#ea6a9c;--high:#e0692f;--medium:#c8921e;--low:#4a90f5;--info:#94a1b2;
--good:#36a873;--bad:#f0695d;--warn:#d9a441;--live:#4a90f5;--calm:#8593a4;
--on:#0d131a;--warnback:#2e2615;--goodback:#152a20;--badback:#321b1a;--overhead:#4a5563;--cap:#6b7888;--shadow:none}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue","DejaVu Sans",Arial,sans-serif;overflow-wrap:anywhere}
header,main,footer{max-width:1080px;margin:0 auto;padding:0 24px}
header{padding-top:36px;padding-bottom:4px}
.eyebrow{margin:0 0 4px;color:var(--soft);font-size:13px}
h1{margin:0;font-size:28px;line-height:1.2;letter-spacing:-.015em}
.goal{margin:8px 0 0;color:var(--soft);font-size:16px;max-width:70ch}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:16px;font-size:14px}
a{color:var(--link);text-decoration:none}
a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:4px}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px 24px;margin:16px 0;
box-shadow:var(--shadow);scroll-margin-top:12px}
p code,li code,.title code{background:var(--faint);border-radius:4px;padding:0 4px;font-size:.88em}
h2{margin:0 0 12px;font-size:17px;letter-spacing:-.005em}
h3{margin:16px 0 6px;font-size:13px;color:var(--soft);font-weight:600}
p{margin:6px 0}
.count{color:var(--soft);font-weight:500;margin-left:4px}
.hint{color:var(--soft);font-size:13px}
code,pre,.place,.rule{font-family:var(--mono);font-size:13px}
pre{background:var(--faint);border-radius:8px;padding:10px 12px;margin:6px 0;overflow:auto;max-height:420px;
white-space:pre-wrap;line-height:1.5}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:16px 28px;margin:0}
.tile{border-left:1px solid var(--line);padding-left:16px;min-width:0}
.tile:first-child{border-left:0;padding-left:0}
dt{color:var(--soft);font-size:13px}
dd{margin:0}
.number{font-size:30px;line-height:1.25;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.about{font-size:13px;color:var(--soft)}
.about.bad{color:var(--bad);font-weight:600}
.numbers .bar{margin-top:20px;display:block;border-radius:5px}
.bar{display:block}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:8px 0 0;padding:0;font-size:13px;
color:var(--soft)}
.legend b{color:var(--ink)}
.legend svg{vertical-align:-2px}
.dot{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:6px}
.coverage{background:var(--warnback);border-color:transparent;border-left:4px solid var(--warn);padding:12px 20px}
.coverage.whole{background:var(--goodback);border-left-color:var(--good)}
.actions{list-style:none;margin:0;padding:0;counter-reset:step}
.actions li{display:grid;grid-template-columns:24px 76px 1fr;gap:10px;padding:9px 0;border-top:1px solid var(--line);
align-items:baseline}
.actions li:first-child{border-top:0;padding-top:0}
.actions li:last-child{padding-bottom:0}
.actions li::before{counter-increment:step;content:counter(step);color:var(--soft);font-variant-numeric:tabular-nums;
text-align:right}
.cited{display:inline-flex;flex-wrap:wrap;gap:0 8px;font-family:var(--mono);font-size:12px;color:var(--soft)}
.badge{display:inline-block;color:var(--on);font-size:12px;line-height:20px;font-weight:600;border-radius:10px;
padding:0 9px;text-align:center;white-space:nowrap}
.pill,.chip,.quiet{font:inherit;font-size:12px;line-height:20px;border-radius:11px;padding:0 9px;
border:1px solid var(--line);background:var(--card);color:var(--soft);white-space:nowrap}
.pill.strong{color:var(--ink);font-weight:600}
.pill.warn{background:var(--warnback);border-color:transparent;color:var(--warn);font-weight:600}
button{cursor:pointer}
.pill.kind:hover,.quiet:hover{border-color:var(--soft);color:var(--ink)}
.kind[aria-pressed=true]{background:var(--ink);color:var(--card);border-color:var(--ink)}
.back-critical{background:var(--critical)}.back-high{background:var(--high)}.back-medium{background:var(--medium)}
.back-low{background:var(--low)}.back-info{background:var(--info)}
.fill-critical{fill:var(--critical)}.fill-high{fill:var(--high)}.fill-medium{fill:var(--medium)}
.fill-low{fill:var(--low)}.fill-info{fill:var(--info)}
.state-good{background:var(--good)}.state-bad{background:var(--bad)}.state-warn{background:var(--warn)}
.state-calm{background:var(--calm)}
.chart{display:grid;gap:2px}
.row{display:grid;grid-template-columns:minmax(90px,22%) 1fr;gap:14px;align-items:center}
.row svg{display:block;background:linear-gradient(var(--line),var(--line)) center/100% 1px no-repeat}
.label{font-size:13px;color:var(--ink);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.axis svg{background:none}
.axis text{font-size:11px;fill:var(--soft);font-family:inherit}
.run-good{fill:var(--good)}.run-bad{fill:var(--bad)}.run-live{fill:var(--live)}
.wait-dependency{fill:var(--dependency)}.wait-conflict{fill:var(--conflict)}.wait-resource{fill:var(--resource)}
.wait-cap{fill:var(--cap)}.wait-memory{fill:var(--memory)}.wait-disk{fill:var(--disk)}.wait-other-run{fill:var(--other)}
.wait-provider-limit{fill:var(--limit)}.wait-set-up{fill:var(--setup)}.wait-retry{fill:var(--retry)}
.wait-straggler{fill:var(--straggler)}.wait-overhead{fill:var(--overhead)}.wait-overlap{fill:var(--overlap)}
.wait-owner{fill:var(--owner)}
.lost{list-style:none;margin:0;padding:0}
.lost li{display:grid;grid-template-columns:64px minmax(60px,26%) 1fr;gap:14px;align-items:center;padding:3px 0}
.seconds{text-align:right;font-variant-numeric:tabular-nums;font-weight:600}
.plain{list-style:none;margin:0;padding:0}
.plain li{padding:6px 0;border-top:1px solid var(--line)}
.plain li:first-child{border-top:0}
.filters{display:flex;flex-wrap:wrap;gap:8px;margin-bottom:8px}
.chips{display:flex;flex-wrap:wrap;gap:6px;margin-right:auto}
.chip{color:var(--on);border-color:transparent;font-weight:600;line-height:28px;border-radius:15px;padding:0 12px}
.chip-critical{background:var(--critical)}.chip-high{background:var(--high)}.chip-medium{background:var(--medium)}
.chip-low{background:var(--low)}.chip-info{background:var(--info)}
.chip[aria-pressed=false]{background:var(--faint);color:var(--soft);text-decoration:line-through}
input,select{font:inherit;font-size:13px;height:30px;color:var(--ink);background:var(--card);
border:1px solid var(--line);border-radius:8px;padding:0 10px;min-width:0;max-width:180px}
kbd{font-family:var(--mono);font-size:11px;border:1px solid var(--line);border-radius:4px;padding:0 4px}
.filtered{display:flex;flex-wrap:wrap;gap:4px 12px;align-items:center;min-height:22px;margin-bottom:6px}
.keys{margin-left:auto}
.filters .quiet{line-height:28px;border-radius:8px;padding:0 12px}
details.finding,details.task{border-top:1px solid var(--line)}
@media screen{.many>.finding{content-visibility:auto;contain-intrinsic-size:auto 43px}}
details.finding[open],details.task[open]{background:linear-gradient(var(--faint),transparent 44px)}
.finding>summary,.task>summary{display:grid;grid-template-columns:76px minmax(0,1fr) minmax(0,auto) 182px;gap:4px 12px;
align-items:baseline;padding:9px 4px;cursor:pointer;list-style:none}
.task>summary{grid-template-columns:98px minmax(0,1fr) auto}
summary::-webkit-details-marker{display:none}
.finding>summary:hover .title,.task>summary:hover .title{text-decoration:underline;text-decoration-thickness:1px}
.title{font-weight:600}
.rule{color:var(--soft);margin-left:8px;font-size:12px}
.place{color:var(--soft);font-size:12px;text-align:right;max-width:340px}
.pills{display:flex;gap:6px;flex-wrap:wrap}
.inside{padding:2px 4px 16px 92px}
.task .inside{padding-left:114px}
.message,.remedy{max-width:80ch}
.evidence{border-left:3px solid var(--line);border-radius:0 8px 8px 0}
.asks{border-left:4px solid var(--warn)}
.asks li+li{margin-top:14px}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;overflow-wrap:normal}
th,td{text-align:left;padding:5px 18px 5px 0;border-top:1px solid var(--line);vertical-align:top;
font-variant-numeric:tabular-nums}
thead th,thead td{border-top:0}
tbody th{color:var(--soft);font-weight:500}
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:10px}
.side{border:1px solid var(--line);border-radius:8px;padding:6px 12px}
.side.held{border-color:var(--good);box-shadow:inset 3px 0 var(--good)}
.witnesses{list-style:none;margin:0;padding:0}
.witnesses li{padding:4px 0}
.words{margin:2px 0;max-width:80ch}
.reason{color:var(--bad);font-weight:600}
.fold{margin:8px 0}
.fold>summary{list-style:none;cursor:pointer;font-size:13px;color:var(--link);font-weight:600}
.fold>summary::before{content:"\\25B8";display:inline-block;width:1.1em}
.fold[open]>summary::before{content:"\\25BE"}
.files{list-style:none;margin:6px 0;padding:0;font-size:13px}
.add{color:var(--good)}.del{color:var(--bad)}.hunk{color:var(--link)}.head{color:var(--soft);font-weight:600}
.diff{white-space:pre;overflow-wrap:normal}
.js{display:none}
.scripted .js{display:revert}
.scripted .filters,.scripted .filtered{display:flex}
[hidden]{display:none!important}
:target{outline:2px solid var(--link);outline-offset:-2px;border-radius:8px}
section:target{outline:0}
footer{color:var(--soft);font-size:12px;padding-top:8px;padding-bottom:40px}
@media (max-width:720px){
header,main,footer{padding-left:14px;padding-right:14px}
header{padding-top:22px}
h1{font-size:23px}
section{padding:16px 14px;border-radius:10px;margin:12px 0}
.tiles{grid-template-columns:1fr 1fr;gap:16px}
.tile,.tile:first-child{border-left:0;padding-left:0}
.number{font-size:25px}
.actions li{grid-template-columns:18px 1fr;gap:4px 8px}
.actions .badge{justify-self:start}
.actions li>span:last-child{grid-column:2}
.row{grid-template-columns:84px 1fr;gap:8px}
.lost li{grid-template-columns:56px 1fr;gap:0 10px;align-items:baseline}
.lost li .bar{display:none}
.finding>summary,.task>summary{grid-template-columns:auto 1fr}
.finding>summary .what,.task>summary .what,.place,.task>summary .about{grid-column:1/-1}
.finding>summary .badge,.task>summary .badge{justify-self:start}
.place{text-align:left}
.finding>summary .pills{grid-row:1;grid-column:2;justify-content:flex-end}
.keys{display:none!important}
.inside,.task .inside{padding-left:4px}
input,select{max-width:none;flex:1 1 120px}
.chips{width:100%}
}
@media print{
:root{--bg:#fff;--faint:#f4f4f4;--shadow:none;color-scheme:light}
body{font-size:13px}
nav,.js,.scripted .js,.scripted .filters,.scripted .filtered{display:none}
header,main,footer{max-width:none;padding-left:0;padding-right:0}
section{break-inside:auto;border:0;padding:8px 0;box-shadow:none}
.finding,.action,.row{break-inside:avoid}
pre{max-height:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
"""
