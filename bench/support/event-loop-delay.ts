import { type Distribution, medianDistribution } from "./statistics.js";

/** The event loop's delay over the rounds, as every bench tells it. */
export interface DelaySummary {
	eventLoopDelayP99Ms: number;
	eventLoopDelayMaxMs: number;
	/** Medians over the rounds. */
	eventLoopDelayMs: Distribution;
	/** The rounds one by one. */
	eventLoopDelayMsPerRound: Distribution[];
}

export function summarizeDelay(
	runs: readonly { eventLoopDelayMs: Distribution }[],
): DelaySummary {
	const perRound = runs.map(({ eventLoopDelayMs }) => eventLoopDelayMs);
	const delay = medianDistribution(perRound);
	return {
		eventLoopDelayP99Ms: delay.p99,
		eventLoopDelayMaxMs: delay.max,
		eventLoopDelayMs: delay,
		eventLoopDelayMsPerRound: perRound,
	};
}
