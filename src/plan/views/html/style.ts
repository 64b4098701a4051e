// How the page looks: light or dark as the reader's system, narrow or wide, on a screen or on paper. It names no address.

/** Pixels of one row of the timeline, and of one lane for a hold. */
export const ROW_HEIGHT = 34
export const LANE_WIDTH = 16

/** `lanes`: holds side by side at the left of the timeline. */
export const styleOf = (lanes: number): string => `
:root {
  color-scheme: light dark;
  --page: #f6f8fa; --card: #ffffff; --line: #d1d9e0; --text: #1f2328; --quiet: #59636e; --code: #eff2f5;
  --read: #59636e; --mutate: #7d4e00; --acquire: #0a5bc4; --release: #116329; --destroy: #b3141f; --approval: #6e40c9;
  --freeze: #cf222e; --freeze-soft: #ffebe9; --caution-soft: #fff8c5; --lease: #0969da; --hold: #1b7c83; --focus: #0969da;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --card: #151b23; --line: #3d444d; --text: #f0f6fc; --quiet: #a5adb8; --code: #212830;
    --read: #a5adb8; --mutate: #e3b341; --acquire: #79c0ff; --release: #6bd37e; --destroy: #ff9492; --approval: #d2a8ff;
    --freeze: #ff7b72; --freeze-soft: #3b1618; --caution-soft: #332a0b; --lease: #58a6ff; --hold: #56d4dd; --focus: #58a6ff;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif; overflow-wrap: anywhere; }
header, main, footer { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 32px; }
footer { padding-bottom: 48px; color: var(--quiet); }
h1 { margin: 0; font-size: 26px; line-height: 1.25; }
h2 { margin: 0 0 12px; font-size: 18px; }
.name { margin: 6px 0 0; color: var(--quiet); }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { background: var(--code); border-radius: 4px; padding: 1px 5px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px; margin: 16px 0; }
.quiet { color: var(--quiet); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 12px; padding: 0; margin: 20px 0 16px; list-style: none; }
.cards li { min-width: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.cards .figure { display: block; font-size: 24px; font-weight: 650; line-height: 1.25; }
.cards .label { display: block; color: var(--quiet); font-size: 13px; font-weight: 600; }
.cards .more { display: block; color: var(--quiet); font-size: 13px; }
.cards .freeze { border-color: var(--freeze); background: var(--freeze-soft); }
.cards .freeze .more, .cards .freeze .label { color: var(--text); }
.gauge { display: block; width: 100%; height: 14px; margin: 8px 0 4px; }
.gauge .allowed { fill: var(--card); stroke: var(--freeze); }
.gauge .worst { fill: var(--freeze); opacity: .45; }
.gauge .expected { fill: var(--freeze); }
.alarm { border: 1px solid var(--freeze); border-left-width: 6px; background: var(--freeze-soft); border-radius: 10px; padding: 12px 16px; margin: 16px 0; }
.alarm strong { color: var(--destroy); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 14px; }
caption { text-align: left; color: var(--quiet); padding-bottom: 8px; }
th, td { text-align: left; vertical-align: top; padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
thead th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 600; }
tr:last-child > * { border-bottom: 0; }
.facts td { overflow-wrap: anywhere; }
.facts th { width: 150px; color: var(--quiet); font-weight: 600; }
.facts td p { margin: 0; }
.grave { color: var(--destroy); font-weight: 650; }
.sign { display: inline-block; min-width: 74px; font-size: 12px; font-weight: 650; }
.read { color: var(--read); } .mutate { color: var(--mutate); } .acquire { color: var(--acquire); }
.release { color: var(--release); } .destroy { color: var(--destroy); } .approval { color: var(--approval); }

.timeline { margin: 0; }
.timeline figcaption { color: var(--quiet); margin-bottom: 12px; }
.chart { position: relative; }
.chart svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; pointer-events: none; }
.chart ol { position: relative; list-style: none; margin: 0; padding: 0; }
.chart li { position: relative; height: ${ROW_HEIGHT}px; padding: 0 26px 0 ${lanes * LANE_WIDTH + 14}px; display: flex; align-items: center; gap: 8px; border-radius: 6px; }
.chart li:hover, .chart li:focus-within, .chart li:focus { background: color-mix(in srgb, var(--focus) 12%, transparent); z-index: 2; }
.chart li:focus-visible { outline: 2px solid var(--focus); outline-offset: -2px; }
.chart .what { flex: 1; min-width: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.chart .what b { font-weight: 600; }
.chart .note { flex: none; max-width: 45%; color: var(--quiet); font-size: 13px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.chart .frozen { color: var(--destroy); font-weight: 650; }
.chart .mark { flex: none; width: 1.2em; text-align: center; font-weight: 700; }
.chart .block .what b { font-weight: 700; }
.chart .tip { display: none; position: absolute; left: ${lanes * LANE_WIDTH + 14}px; right: 0; top: calc(100% - 2px); background: var(--card); color: var(--text); border: 1px solid var(--line); border-radius: 8px; box-shadow: 0 6px 24px #0004; padding: 8px 14px; font-size: 14px; }
.chart li:hover .tip, .chart li:focus .tip { display: block; }
.chart .tip ol { list-style: decimal; padding-left: 22px; }
.chart .tip li { display: list-item; height: auto; padding: 0; }
${[1, 2, 3, 4, 5, 6, 7, 8].map((depth) => `.d${depth} { margin-left: ${depth * 14}px; }`).join(' ')}
.band { fill: var(--freeze-soft); }
.hatch { stroke: var(--freeze); stroke-width: 1.5; opacity: .35; }
.edge { stroke: var(--freeze); stroke-dasharray: 5 4; }
.rail { fill: var(--hold); }
.rail.leased { fill: var(--lease); }
.rail.critical { fill: var(--freeze); }
.branch { stroke: var(--hold); stroke-width: 1.5; opacity: .6; }
.branch.leased { stroke: var(--lease); }
.branch.critical { stroke: var(--freeze); }
.tick { stroke: var(--card); stroke-width: 2; }
.gate { stroke: var(--approval); stroke-width: 1.5; stroke-dasharray: 2 3; }
.lock { fill: var(--approval); }
.limit .allowed { fill: var(--card); stroke: var(--freeze); }
.limit .worst { fill: var(--freeze); opacity: .45; }
.limit .expected { fill: var(--freeze); }
.keys { display: flex; flex-wrap: wrap; gap: 6px 18px; list-style: none; padding: 0; margin: 14px 0 0; color: var(--quiet); font-size: 13px; }
.keys svg { width: 22px; height: 12px; vertical-align: -1px; margin-right: 6px; }

.tree, .tree ul { list-style: none; margin: 0; padding: 0; }
.tree ul { margin-left: 7px; padding-left: 16px; border-left: 1px solid var(--line); }
.tree li { padding: 3px 0; }
.tree summary { cursor: pointer; }
.tree summary:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
.tree .leaf { margin-left: 16px; }
.tree .detail { margin: 2px 0 6px 16px; }
.tree .detail p { margin: 2px 0; }
pre { background: var(--code); border-radius: 8px; padding: 10px 14px; margin: 6px 0; white-space: pre-wrap; }

@media (max-width: 640px) {
  header, main, footer { padding-left: 12px; padding-right: 12px; }
  section { padding: 14px; }
  h1 { font-size: 21px; }
  .chart .note:not(.frozen) { display: none; }
  .chart .note { max-width: 60%; }
  .facts th { width: 104px; }
  .stack, .stack tbody, .stack tr, .stack th, .stack td { display: block; padding-right: 0; border: 0; }
  .stack thead { display: none; }
  .stack tr { border-bottom: 1px solid var(--line); padding: 6px 0; }
  .stack th, .stack td { padding: 2px 0; }
  .stack td::before { content: attr(data-label) ": "; color: var(--quiet); }
  ${[1, 2, 3, 4, 5, 6, 7, 8].map((depth) => `.d${depth} { margin-left: ${depth * 6}px; }`).join(' ')}
}
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --text: #000; --quiet: #444; --code: #f2f2f2; --line: #bbb; }
  body { font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  header, main, footer { max-width: none; padding: 0; }
  section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 10px 0; }
  .cards li, .alarm, tr, .tree .leaf { break-inside: avoid; }
  h2 { break-after: avoid; }
  .chart .tip { display: none !important; }
  .chart li { background: none !important; outline: 0 !important; }
  .chart .note, table, .keys { font-size: inherit; }
  pre, code { font-size: 10px; }
  details::details-content { content-visibility: visible; block-size: auto; }
  .scroll { overflow: visible; }
}
`
