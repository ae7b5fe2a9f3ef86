import { median } from "../support/statistics.js";

/** The process's memory at one moment. */
export interface MemorySample {
	/** Since the begin of the soak. */
	seconds: number;
	rssBytes: number;
	heapUsedBytes: number;
	arrayBuffersBytes: number;
}

export interface MinuteOfMemory {
	/** The first minute is 1. */
	minute: number;
	rssMinBytes: number;
	rssMedianBytes: number;
	rssMaxBytes: number;
	/** Of the straight line nearest to the samples of this minute. */
	rssSlopeBytesPerMinute: number;
}

/** How flat memory stayed over a stretch of minutes. */
export interface Flatness {
	fromMinute: number;
	toMinute: number;
	/** Highest less lowest median of a minute, as a share of the lowest. */
	spreadShare: number;
	/** Of the straight line nearest to all samples. */
	slopeBytesPerMinute: number;
}

const SECONDS_A_MINUTE = 60;

export function memorySample(seconds: number): MemorySample {
	const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
	return {
		seconds,
		rssBytes: rss,
		heapUsedBytes: heapUsed,
		arrayBuffersBytes: arrayBuffers,
	};
}

/** Minute by minute; a last one that was cut short counts when it is the only one. */
export function byMinute(samples: readonly MemorySample[]): MinuteOfMemory[] {
	const last = samples.at(-1)?.seconds ?? 0;
	const minutes = Math.max(1, Math.floor(last / SECONDS_A_MINUTE));
	return Array.from({ length: minutes }, (_, i) => {
		const within = samples.filter(
			({ seconds }) => Math.floor(seconds / SECONDS_A_MINUTE) === i,
		);
		const rss = within.map(({ rssBytes }) => rssBytes);
		return {
			minute: i + 1,
			rssMinBytes: Math.min(...rss),
			rssMedianBytes: median(rss),
			rssMaxBytes: Math.max(...rss),
			rssSlopeBytesPerMinute: slope(within),
		};
	});
}

/** Over the last `count` minutes, or as many as there are. */
export function flatness(
	samples: readonly MemorySample[],
	minutes: readonly MinuteOfMemory[],
	count: number,
): Flatness {
	const last = minutes.slice(-count);
	const medians = last.map(({ rssMedianBytes }) => rssMedianBytes);
	const [{ minute: fromMinute }] = last;
	const toMinute = fromMinute + last.length - 1;
	const lowest = Math.min(...medians);
	return {
		fromMinute,
		toMinute,
		spreadShare: (Math.max(...medians) - lowest) / lowest,
		slopeBytesPerMinute: slope(
			samples.filter(
				({ seconds }) =>
					seconds >= (fromMinute - 1) * SECONDS_A_MINUTE &&
					seconds < toMinute * SECONDS_A_MINUTE,
			),
		),
	};
}

/** Least squares. */
function slope(samples: readonly MemorySample[]): number {
	const count = samples.length;
	if (count < 2) return 0;
	let sumX = 0;
	let sumY = 0;
	for (const { seconds, rssBytes } of samples) {
		sumX += seconds;
		sumY += rssBytes;
	}
	let covariance = 0;
	let variance = 0;
	for (const { seconds, rssBytes } of samples) {
		const x = seconds - sumX / count;
		covariance += x * (rssBytes - sumY / count);
		variance += x * x;
	}
	return (covariance / variance) * SECONDS_A_MINUTE;
}
