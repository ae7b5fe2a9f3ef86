/**
 * Runs in the browser, in the page of a job's report: draws every plot with uPlot, which is there as a global. Colours come
 * from the page's style, so that a change of the system's theme, or printing, changes them too.
 */
import type { NamedCourse, PlotData } from "../plot-data.js";

const HEIGHT = 220;
const AXIS_WIDTH = 62;
const COLOURS = 8;
const DASH = [6, 4];
const SECONDS_PER_DAY = 86_400;

/** Of the browser, as much as this script uses. */
interface Element {
	textContent: string | null;
	clientWidth: number;
	dataset: Record<string, string>;
}
interface Media {
	addEventListener(type: "change", listener: () => void): void;
}
declare const document: {
	documentElement: Element;
	getElementById(id: string): Element | null;
	querySelectorAll(selector: string): Iterable<Element>;
};
declare const window: {
	addEventListener(type: "resize", listener: () => void): void;
};
declare function getComputedStyle(element: Element): {
	getPropertyValue(name: string): string;
};
declare function matchMedia(query: string): Media;

/** Of uPlot, as much as this script uses. */
interface Plot {
	data: (number | null)[][];
	scales: Record<string, { min: number; max: number }>;
	setScale(key: string, range: { min: number; max: number }): void;
	setSize(size: { width: number; height: number }): void;
}
declare const uPlot: {
	new (options: object, data: unknown[], target: Element): Plot;
	rangeNum(
		min: number,
		max: number,
		pad: number,
		extra: boolean,
	): [number, number];
	tzDate(date: Date, timeZone: string): Date;
};

const drawn: { plot: Plot; target: Element }[] = [];

const plots = JSON.parse(
	document.getElementById("plots")?.textContent ?? "[]",
) as PlotData[];
const end = Math.max(...plots.map(lastTime));
for (const target of document.querySelectorAll("[data-plot]")) {
	const data = plots[Number(target.dataset.plot)];
	if (data.lines.length > 0 || data.band !== undefined)
		if (target.textContent === "")
			drawn.push({ plot: draw(data, target), target });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", fit);
matchMedia("print").addEventListener("change", fit);
window.addEventListener("resize", fit);

function lastTime({ start, timestep, band, lines }: PlotData): number {
	const courses = [
		...(band ? [band.max] : []),
		...lines.map((it) => it.values),
	];
	const steps = Math.max(0, ...courses.map(({ length }) => length - 1));
	return start + steps * timestep;
}

function draw(data: PlotData, target: Element): Plot {
	const { metric, band, lines, unit } = data;
	const courses = [
		...(band === undefined ? [] : [band.max, band.median, band.min]),
		...lines.map(({ values }) => values),
	];
	const times = Array.from(
		{ length: Math.max(...courses.map(({ length }) => length)) },
		(_, step) => data.start + step * data.timestep,
	);
	// Shorter ones span the whole time too, so that all plots can be read across.
	if (times[times.length - 1] < end) times.push(end);
	return new uPlot(
		{
			width: target.clientWidth,
			height: HEIGHT,
			tzDate: (seconds: number) =>
				uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
			cursor: { sync: { key: "job" }, points: { size: 6 } },
			focus: { alpha: 0.35 },
			scales: { y: { range: valueRange } },
			axes: [
				{ ...axis(), values: timeLabels, space: 70 },
				{ ...axis(), label: unit || metric, labelSize: 18, size: AXIS_WIDTH },
			],
			series: [
				{ label: "UTC", value: (_: Plot, at: number | null) => wholeTime(at) },
				...(band === undefined ? [] : bandSeries()),
				...lines.map((line, i) => lineSeries(line, i, band !== undefined)),
			],
			...(band && { bands: [{ series: [1, 3], fill: () => colour("band") }] }),
			hooks: { setScale: [zoomAll] },
		},
		[times, ...courses.map((values) => padded(values, times.length))],
		target,
	);
}

function bandSeries(): object[] {
	const edge = { width: 0.75, points: { show: false } };
	const stroke = () => colour("accent");
	return [
		{ ...edge, label: "max", stroke },
		{ ...edge, label: "median", stroke, width: 2 },
		{ ...edge, label: "min", stroke },
	];
}

/** Over a band the first colours are left to it. */
function lineSeries(
	{ name }: NamedCourse,
	index: number,
	overBand: boolean,
): object {
	const place = overBand ? index + 1 : index;
	return {
		label: name,
		stroke: () => colour(`line-${place % COLOURS}`),
		width: 1.25,
		points: { size: 4, filter: lonePoints },
		...(place >= COLOURS && { dash: DASH }),
	};
}

/** Of a sample between two gaps no line would be seen. */
function lonePoints(
	{ data }: Plot,
	series: number,
	allShown: boolean,
): number[] | null {
	if (allShown) return null;
	const values = data[series];
	const lone: number[] = [];
	for (let i = 0; i < values.length; i++)
		if (
			isThere(values[i]) &&
			!isThere(values[i - 1]) &&
			!isThere(values[i + 1])
		)
			lone.push(i);
	return lone.length > 0 ? lone : null;
}

function isThere(value: number | null | undefined): boolean {
	return value !== null && value !== undefined;
}

function axis(): object {
	return {
		stroke: () => colour("quiet"),
		grid: { stroke: () => colour("grid"), width: 1 },
		ticks: { stroke: () => colour("grid"), width: 1, size: 5 },
		font: "11px system-ui, sans-serif",
		labelFont: "11px system-ui, sans-serif",
	};
}

/** From zero where that does not flatten the course; uPlot's own range for the rest. */
function valueRange(
	_: Plot,
	min: number | null,
	max: number | null,
): [number, number] {
	if (min === null || max === null) return [0, 1];
	if (min >= 0 && min <= max / 2) return [0, max > 0 ? max * 1.06 : 1];
	return uPlot.rangeNum(min, max, 0.1, true);
}

/** What is zoomed in one plot is zoomed in all. */
function zoomAll(plot: Plot, key: string): void {
	if (key !== "x") return;
	const { min, max } = plot.scales.x;
	for (const { plot: other } of drawn) {
		const { x } = other.scales;
		if (x.min !== min || x.max !== max) other.setScale("x", { min, max });
	}
}

/** Drawn anew in the colours and the width that there are now. */
function fit(): void {
	for (const { plot, target } of drawn)
		plot.setSize({ width: target.clientWidth, height: HEIGHT });
}

function colour(name: string): string {
	return getComputedStyle(document.documentElement).getPropertyValue(
		`--${name}`,
	);
}

/** The date where it has changed, else the time of day, as fine as the marks are apart. */
function timeLabels(
	_: Plot,
	marks: number[],
	_axis: number,
	_space: number,
	seconds: number,
): string[] {
	return marks.map((mark, i) => {
		const [date, time] = wholeTime(mark).split(" ");
		const isFirst = i === 0 || dayOf(mark) !== dayOf(marks[i - 1]);
		const day = date.slice(5);
		if (seconds >= SECONDS_PER_DAY) return day;
		const clock = seconds < 60 ? time : time.slice(0, 5);
		return isFirst ? `${clock}\n${day}` : clock;
	});
}

function dayOf(seconds: number): number {
	return Math.floor(seconds / SECONDS_PER_DAY);
}

/** `2020-12-25 19:04:36` */
function wholeTime(seconds: number | null): string {
	return seconds === null
		? "--"
		: new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
}

/** Series may differ in length, uPlot's may not. */
function padded<T>(values: (T | null)[], length: number): (T | null)[] {
	return Array.from({ length }, (_, i) => values[i] ?? null);
}
