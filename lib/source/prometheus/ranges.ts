import type { JobInterval } from "../asked-columns.js";

/** Prometheus refuses to answer with more points of a series. */
const MAX_POINTS = 11_000;

/** Instants at which a query is evaluated. */
export interface QueryRange {
	/** Unix ms of the first and of the last instant. */
	startMs: number;
	endMs: number;
	/** Seconds from one to the next. */
	step: number;
	/** What each instant speaks for: so many ms, itself included. */
	windowMs: number;
}

/**
 * When to evaluate a query so that each timestep of a job gets what was measured within it: once a timestep, a millisecond
 * before its end, looking back as far as its beginning. The last timestep begins within the job and may end behind it: it
 * is evaluated on its own, at the job's end, looking back to the timestep's beginning.
 */
export function queryRanges(
	{ startTime, endTime }: JobInterval,
	timestep: number,
): QueryRange[] {
	const wholeSteps = Math.floor((endTime - startTime) / timestep);
	const ranges: QueryRange[] = [];
	for (let first = 0; first < wholeSteps; first += MAX_POINTS) {
		const last = Math.min(first + MAX_POINTS, wholeSteps) - 1;
		const lastMsOf = (slot: number) =>
			(startTime + (slot + 1) * timestep) * 1000 - 1;
		ranges.push({
			startMs: lastMsOf(first),
			endMs: lastMsOf(last),
			step: timestep,
			windowMs: timestep * 1000,
		});
	}
	const restMs = (endTime - startTime - wholeSteps * timestep) * 1000 + 1;
	const endMs = endTime * 1000;
	ranges.push({ startMs: endMs, endMs, step: timestep, windowMs: restMs });
	return ranges;
}

export function pointsOf({ startMs, endMs, step }: QueryRange): number {
	return Math.floor((endMs - startMs) / (step * 1000)) + 1;
}
