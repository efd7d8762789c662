"""How the page looks: light, dark, on paper, from 360 px up. No font and no picture from elsewhere."""

from __future__ import annotations

# Colours of results: Okabe and Ito's, which colour-blind people tell apart, darker or lighter for the paper.
STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--dim:#59626d;--rule:#d9dde2;--grid:#e8ebee;--soft:#f4f6f8;
--lane:#dfe3e7;--route:#3c4650;--good:#0a6b45;--bad:#b3261e;--event:#c6201a;--link:#0b5cad;
--c0:#0068a8;--c1:#d55e00;--c2:#00805c;--c3:#b0508a;--c4:#8a6d00;--c5:#3a9bd1;--c6:#5b4bb5;--c7:#6b6b6b;
--v0:#440154;--v1:#414487;--v2:#2a788e;--v3:#1fa17d;--v4:#6cc04a;--v5:#d9bd12}
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--ink:#e6e9ec;--dim:#a3acb6;--rule:#39414a;--grid:#2a3036;
--soft:#1c2126;--lane:#2d343b;--route:#c3cbd3;--good:#5fd3a2;--bad:#ff8a80;--event:#ff5449;--link:#7db8f5;
--c0:#56b4e9;--c1:#f08a3c;--c2:#2fc79a;--c3:#e39ac4;--c4:#e0bf3a;--c5:#9ad7f7;--c6:#a79bf0;--c7:#b5b5b5;
--v0:#a36be0;--v1:#7b8ff0;--v2:#35a8c8;--v3:#35c48f;--v4:#9ddb55;--v5:#fde725}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:78rem;padding:0 1rem 4rem;background:var(--paper);color:var(--ink);
font:15px/1.45 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:1.7rem;margin:1.6rem 0 .3rem;line-height:1.2}
h2{font-size:1.25rem;margin:2.6rem 0 .5rem;padding-top:.8rem;border-top:1px solid var(--rule)}
h3{font-size:1rem;margin:1.5rem 0 .4rem}
p{margin:.4rem 0 .7rem;max-width:60rem}
a{color:var(--link)}
code{font:.85em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
nav{margin:.8rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1rem}
.lead,.note{color:var(--dim)}
.warn{border-left:3px solid var(--bad);padding:.2rem .7rem;background:var(--soft);max-width:60rem}
.scroll{overflow-x:auto;margin:.4rem 0 1rem}
table{border-collapse:collapse;font-size:.88rem}
caption{text-align:left;font-weight:600;padding:.2rem 0;white-space:nowrap}
th,td{text-align:right;padding:.3rem .6rem;border-bottom:1px solid var(--rule);vertical-align:top;white-space:nowrap}
thead th{white-space:normal;font-weight:600;vertical-align:bottom;border-bottom:2px solid var(--rule)}
tbody th{font-weight:500;position:sticky;left:0;background:var(--paper);max-width:15rem}
th.t,td.t{text-align:left;white-space:normal;min-width:6rem}
td small,th small{display:block;color:var(--dim);font-weight:400;font-size:.85em}
.good{color:var(--good);font-weight:650}.bad{color:var(--bad);font-weight:650}
.badge{display:inline-block;border:1px solid var(--dim);border-radius:.6rem;padding:0 .4rem;font-size:.75rem;
color:var(--dim)}
ul.legend,ul.speeds{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1rem;
margin:.3rem 0 .6rem;padding:0;font-size:.85rem}
ul.legend svg{width:14px;height:14px;vertical-align:-2px;margin-right:.3rem}
ul.speeds{gap:.2rem .7rem}
ul.speeds i{display:inline-block;width:1.3rem;height:.55rem;margin-right:.3rem;border-radius:2px}
i.v0{background:var(--v0)}i.v1{background:var(--v1)}i.v2{background:var(--v2)}
i.v3{background:var(--v3)}i.v4{background:var(--v4)}i.v5{background:var(--v5)}
.plots,.tables{margin:.4rem 0 1.2rem}
.tables{display:flex;flex-wrap:wrap;gap:0 2.4rem}
.tables>*{max-width:100%}
.plots{display:grid;
grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1rem 1.4rem;align-items:start}
.maps{display:grid;
grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:1rem 1.2rem;align-items:start}
.pictures{display:grid;
grid-template-columns:repeat(auto-fill,minmax(min(100%,26rem),1fr));gap:1.2rem;align-items:start}
figure{margin:0;break-inside:avoid;max-width:34rem}
figcaption{font-size:.85rem;margin-bottom:.25rem}
figcaption small{color:var(--dim);display:block}
figure svg,figure img{display:block;width:100%;height:auto}
figure img{border:1px solid var(--rule)}
figure ol{font-size:.78rem;margin:.3rem 0 0;padding-left:1.5rem;line-height:1.35}
figure ol .other,.other{color:var(--dim)}
.map svg{border:1px solid var(--rule);background:var(--paper)}
svg text{fill:var(--ink);font-size:11.5px}
svg .tick,svg .name{fill:var(--dim);font-size:11px}
svg .strong{font-weight:650}
svg line{stroke-width:1}
.grid,.rule{stroke:var(--grid)}.zero{stroke:var(--dim)}.mark{stroke:var(--ink);stroke-dasharray:3 2}
.ideal{stroke:var(--dim);stroke-dasharray:4 3}
.curve{fill:none;stroke-width:2!important}.oracle{stroke:var(--dim);stroke-dasharray:2 3}
.whisker{stroke-width:2!important;opacity:.65}
.soft{opacity:.45}
.c0{fill:var(--c0)}.c1{fill:var(--c1)}.c2{fill:var(--c2)}.c3{fill:var(--c3)}
.c4{fill:var(--c4)}.c5{fill:var(--c5)}.c6{fill:var(--c6)}.c7{fill:var(--c7)}
.s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}
.s4{stroke:var(--c4)}.s5{stroke:var(--c5)}.s6{stroke:var(--c6)}.s7{stroke:var(--c7)}
.shapes{position:absolute;width:0;height:0}
.lane{fill:none;stroke:var(--lane);stroke-linejoin:round}
.route{fill:none;stroke:var(--route);stroke-width:1.3;stroke-dasharray:4 3;vector-effect:non-scaling-stroke}
.driven{fill:none;stroke-width:3.4;stroke-linecap:round;stroke-linejoin:round;vector-effect:non-scaling-stroke}
path.v0{stroke:var(--v0)}path.v1{stroke:var(--v1)}path.v2{stroke:var(--v2)}
path.v3{stroke:var(--v3)}path.v4{stroke:var(--v4)}path.v5{stroke:var(--v5)}
.start,.goal{fill:var(--paper);stroke:var(--ink);stroke-width:1.6;vector-effect:non-scaling-stroke}
.goal{fill:var(--ink)}
.leader{stroke:var(--event);vector-effect:non-scaling-stroke}
.event circle{fill:var(--event);stroke:var(--paper);stroke-width:1;vector-effect:non-scaling-stroke}
.event.other circle{fill:var(--dim)}
.event text{fill:var(--paper);font-weight:700}
.bar{fill:none;stroke:var(--ink);stroke-width:1.3;vector-effect:non-scaling-stroke}
.map svg .barname{paint-order:stroke;stroke:var(--paper);stroke-width:3px}
dl{margin:.4rem 0 1rem;display:grid;grid-template-columns:minmax(7rem,11rem) 1fr;gap:.15rem 1rem;font-size:.88rem}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
dl.terms{max-width:62rem;gap:.45rem 1rem}dl.terms dt{color:var(--ink);font-weight:600}
@media (max-width:32rem){body{padding:0 .75rem 3rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.4rem}
th,td{padding:.3rem .45rem}tbody th{max-width:8.5rem;white-space:normal;overflow-wrap:anywhere}}
@media print{:root{color-scheme:light}body{max-width:none;font-size:10pt;padding:0}nav{display:none}
.scroll{overflow:visible}table{font-size:7.5pt}th,td{padding:.15rem .3rem}h2,h3{break-after:avoid}tr{break-inside:avoid}
thead th{white-space:normal}tbody th{position:static}.plots,.tables{margin:.4rem 0 1.2rem}
.tables{display:flex;flex-wrap:wrap;gap:0 2.4rem}
.tables>*{max-width:100%}
.plots{grid-template-columns:1fr 1fr}
.maps{grid-template-columns:1fr 1fr 1fr}.pictures{grid-template-columns:1fr 1fr}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""
