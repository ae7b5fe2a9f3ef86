import type { ArchiveReport } from "./archive-run.js";
import { printResult } from "./output.js";
import { formatBytes, formatCount } from "./text.js";

const RAW_BYTES_PER_SAMPLE = Float64Array.BYTES_PER_ELEMENT;
const LABEL_WIDTH = 18;

type Fact = readonly [label: string, fact: string];

/** What an archiving command has done, for people. */
export function printReport(report: ArchiveReport): void {
	const { archived, failed, skipped, peakRssBytes } = report;
	printFacts([
		[
			"jobs archived",
			`${formatCount(archived)} (${formatCount(failed)} failed, ${formatCount(skipped)} skipped)`,
		],
		...(archived === 0 ? [] : measuresOf(report)),
		["peak memory", formatBytes(peakRssBytes)],
	]);
}

/** Facts beside their labels. */
export function printFacts(facts: readonly Fact[]): void {
	for (const [label, fact] of facts)
		printResult(`${label.padEnd(LABEL_WIDTH)}${fact}\n`);
}

function measuresOf(report: ArchiveReport): Fact[] {
	const { samples, bytes, seconds, samplesPerSecond, bytesPerSample } = report;
	const { eventLoopDelayP99Ms, eventLoopDelayMaxMs } = report;
	const smaller = (RAW_BYTES_PER_SAMPLE / bytesPerSample).toFixed(1);
	return [
		["samples", formatCount(samples)],
		[
			"data stored",
			`${formatBytes(bytes)}, ${bytesPerSample.toFixed(2)} bytes a sample, ${smaller} times smaller than raw`,
		],
		[
			"time",
			`${seconds.toFixed(2)} s, ${formatCount(samplesPerSecond)} samples a second`,
		],
		[
			"event loop delay",
			`p99 ${eventLoopDelayP99Ms.toFixed(1)} ms, at most ${eventLoopDelayMaxMs.toFixed(1)} ms`,
		],
	];
}
