/** Light or dark as the reader's system is, and black on white in print. The plots take their colours from here. */
export const STYLE = `
:root {
	--page: #f6f7f9; --card: #fff; --text: #1c2430; --quiet: #5b6676; --rule: #dfe3e9; --grid: #e9ecf1;
	--accent: #0b63b5; --band: rgba(11, 99, 181, .18); --lacking: #a2330f; --good: #1a7a3d; --bad: #b3261e;
	--line-0: #0b63b5; --line-1: #d1640a; --line-2: #0f8a5f; --line-3: #b8377f;
	--line-4: #6b4bb8; --line-5: #8a6d00; --line-6: #0d8aa8; --line-7: #6b7280;
	color-scheme: light;
}
@media screen and (prefers-color-scheme: dark) {
	:root {
		--page: #12161c; --card: #1a2028; --text: #e4e8ee; --quiet: #98a4b3; --rule: #2c3440; --grid: #262e39;
		--accent: #63a9f0; --band: rgba(99, 169, 240, .22); --lacking: #f0906a; --good: #5cc487; --bad: #f2857d;
		--line-0: #63a9f0; --line-1: #f5a04c; --line-2: #4fcf9f; --line-3: #ee82ba;
		--line-4: #ab94ef; --line-5: #d8bd4a; --line-6: #54c6e0; --line-7: #a3adba;
		color-scheme: dark;
	}
}
* { box-sizing: border-box; }
html { background: var(--page); scroll-behavior: smooth; scroll-padding-top: 1rem; }
body {
	margin: 0 auto; padding: 2rem clamp(1rem, 4vw, 3rem) 3rem; max-width: 100rem;
	font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; color: var(--text);
}
h1 { margin: 0; font-size: 1.9rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
h2 { margin: 2.4rem 0 .8rem; font-size: 1.15rem; font-weight: 650; overflow-wrap: anywhere; }
h1, h2, dd, td, p, summary, figcaption, pre, .hosts span, .u-label { unicode-bidi: isolate; }
p { margin: .3rem 0; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
.key { color: var(--quiet); font: .85rem ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.cluster { font-weight: 400; color: var(--quiet); }
.name { font-size: 1.05rem; overflow-wrap: anywhere; }
.state {
	display: inline-block; vertical-align: .2em; padding: .1em .7em; border: 1px solid currentColor; border-radius: 99px;
	font-size: .85rem; font-weight: 600; letter-spacing: 0; color: var(--bad);
}
.state.completed { color: var(--good); }
.state.running, .state.suspended, .state.pending, .state.preempted, .state.cancelled { color: var(--quiet); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(10.5rem, 44%), 1fr)); gap: .9rem 1.5rem; margin: 1.4rem 0 1rem; }
dt { color: var(--quiet); font-size: .8rem; }
dd { margin: 0; font-weight: 550; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
details { margin: .5rem 0; }
summary { cursor: pointer; color: var(--accent); }
.hosts { display: flex; flex-wrap: wrap; gap: .15rem .9rem; max-height: 14rem; overflow: auto; font-size: .9rem; }
pre {
	margin: .5rem 0; padding: .8rem 1rem; overflow: auto; max-height: 30rem; border: 1px solid var(--rule); border-radius: 6px;
	background: var(--card); font: .82rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}
.notes { margin: .8rem 0; padding-left: 1.2rem; color: var(--lacking); }
.lacking { color: var(--lacking); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.wide > table { width: 100%; max-width: 66rem; }
td, th { padding: .32rem .8rem .32rem 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; }
th { color: var(--quiet); font-size: .8rem; font-weight: 500; white-space: nowrap; }
td:first-child { overflow-wrap: anywhere; min-width: 7rem; }
.number { text-align: right; white-space: nowrap; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(34rem, 100%), 1fr)); gap: 1rem; }
figure {
	margin: 0; padding: .9rem 1rem .6rem; min-width: 0; border: 1px solid var(--rule); border-radius: 8px; background: var(--card);
}
figure:target { border-color: var(--accent); }
figcaption { display: flex; justify-content: space-between; gap: 1rem; font-size: .85rem; }
figcaption strong { overflow-wrap: anywhere; }
figcaption span { text-align: right; }
figcaption span, figure > p { color: var(--quiet); font-size: .82rem; }
figure > p.lacking { color: var(--lacking); overflow-wrap: anywhere; }
.plot { min-height: 15rem; }
.empty { display: grid; place-items: center; min-height: 15rem; margin: 0; color: var(--quiet); }
.uplot { font: inherit; width: 100%; }
.u-legend { font-size: .78rem; max-height: 5.6rem; overflow: auto; color: var(--quiet); }
.u-legend .u-series > * { padding: 0 2px; }
.u-legend.u-inline tr { margin-right: .7rem; }
.u-legend .u-value { min-width: 3.4em; text-align: left; color: var(--text); font-variant-numeric: tabular-nums; border: 0; }
.u-legend th { font-weight: 500; white-space: nowrap; color: inherit; border: 0; font-size: inherit; }
.u-legend td, .u-legend th { border: 0; }
.u-legend .u-marker { width: .8em; height: .8em; border-radius: 2px; }
.u-select { background: var(--band); }
footer { margin-top: 2.5rem; color: var(--quiet); font-size: .82rem; }
@page { margin: 14mm 12mm; }
@media print {
	:root { --page: #fff; --rule: #c8cdd5; }
	body { padding: 0; max-width: none; font-size: 10pt; }
	.plots { grid-template-columns: 1fr 1fr; gap: 4mm; }
	figure { break-inside: avoid; }
	h2 { break-after: avoid; }
	.hosts, pre, .u-legend { max-height: none; }
	a { color: inherit; }
	.u-legend .u-value, footer { display: none; }
}
`;
