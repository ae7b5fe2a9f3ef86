import type { AllResults, BenchResult } from "../all/results.js";
import type { MemorySample } from "../soak/memory.js";
import type { ArchivingSummary } from "../support/archiving-summary.js";
import type { DelaySummary } from "../support/event-loop-delay.js";
import type { Distribution } from "../support/statistics.js";

/** What the page and the README's table read of the results, by bench. */
export interface Shapes {
	codec: {
		shapes: {
			name: string;
			level: string;
			bytesPerSample: number;
			encodeVsGzip: number;
			encodeSamplesPerSecond: number;
			gzip: { samplesPerSecond: number; bytesPerSample: number };
		}[];
	};
	pipeline: {
		yardstick: { samplesPerSecond: number };
		runs: (ArchivingSummary & { threads: number; durable: boolean })[];
	};
	mix: { runs: (ArchivingSummary & { archive: string })[] };
	small: {
		runs: (DelaySummary & {
			archive: string;
			jobsPerSecond: number;
			jobsPerSecondPerRound: number[];
			naiveJobsPerSecondPerRound: number[];
			vsNaive: number;
		})[];
	};
	burst: ArchivingSummary & {
		triggerToDurableMs: Distribution;
		triggerToDurableMsPerRound: Distribution[];
	};
	storm: {
		jobs: number;
		runs: {
			archive: string;
			waits: boolean;
			jobs: number;
			seconds: number;
			peakRssBytes: number;
			eventLoopDelayMs: Distribution;
		}[];
	};
	source: {
		ingest: {
			name: string;
			samplesPerSecond: number;
			samplesPerSecondPerRound: number[];
			eventLoopDelayMs: Distribution;
			eventLoopDelayMsPerRound: Distribution[];
		}[];
		takeOut: {
			name: string;
			samples: number;
			milliseconds: number;
			ratio: number;
		}[];
	};
	growth: {
		archivedJobs: {
			archive: string;
			archivedJobs: number;
			openMs: number;
			pendingMs: number;
			recoveryMs: number;
			triggerToDurableMs: number;
			triggerToDurableMsPerRound: number[];
			groupedMs: number;
			groupedMsPerRound: number[];
			infoMs: number;
			peakRssBytes: number;
		}[];
		samples: {
			samplesPerJob: number;
			msPerJob: number;
			samplesPerSecond: number;
		}[];
	};
	embed: {
		runs: (DelaySummary & {
			beside: string;
			p99VsNothing: number;
			latencyMs: Distribution;
			latencyMsPerRound: Distribution[];
		})[];
	};
	giant: {
		samples: number;
		runs: (DelaySummary & {
			threads: number;
			seconds: number;
			secondsPerRound: number[];
			poolBusyShare: number;
			peakRssBytes: number;
		})[];
	};
	soak: {
		minutes: number;
		jobs: number;
		flatness: {
			fromMinute: number;
			toMinute: number;
			spreadShare: number;
		};
		grown: unknown[];
		memory: MemorySample[];
	};
}

/** The result of a bench; undefined when it is not among them. */
export function resultOf<Name extends keyof Shapes>(
	{ benches }: Pick<AllResults, "benches">,
	name: Name,
): (BenchResult & Shapes[Name]) | undefined {
	return benches.find(({ bench }) => bench === name) as
		| (BenchResult & Shapes[Name])
		| undefined;
}
