import type { JobCourse } from "./synthetic-course.js";
import { hashOf, randomFrom } from "./synthetic-random.js";

/** A time in which a host reported nothing, in seconds since the job's start. */
interface Gap {
	fromSeconds: number;
	untilSeconds: number;
}

/** What a host failed to report, in all its metrics at once: a collector that stood still, or that never ran. */
export type HostGaps = readonly Gap[] | "silent";

const SECONDS_PER_GAP = 4 * 3600;

/**
 * The gaps of one host. In one job out of four some hosts stay silent, though never the job's first one, so that a job
 * always has samples.
 */
export function hostGaps(
	job: JobCourse,
	firstHost: string,
	hostname: string,
): HostGaps {
	const jobHasSilentHosts = randomFrom(hashOf(job.hash, "silent"))() < 0.25;
	const random = randomFrom(hashOf(job.hash, "gaps", hostname));
	if (random() < 0.15 && jobHasSilentHosts && hostname !== firstHost)
		return "silent";
	const usual = job.durationSeconds / SECONDS_PER_GAP;
	const count = Math.floor(2 * random() * usual + random());
	return Array.from({ length: count }, () => {
		const fromSeconds = random() * job.durationSeconds;
		return { fromSeconds, untilSeconds: fromSeconds + 60 + random() * 600 };
	});
}

/**
 * Takes out of a series what its host did not report. The first sample stays unless the host is silent.
 * NaN is written as one constant here instead of being computed with, which keeps its bits the same everywhere.
 */
export function cutGaps(
	samples: Float64Array,
	start: number,
	length: number,
	timestep: number,
	gaps: HostGaps,
): void {
	if (gaps === "silent") {
		samples.fill(Number.NaN, start, start + length);
		return;
	}
	for (const { fromSeconds, untilSeconds } of gaps) {
		const from = Math.max(1, Math.ceil(fromSeconds / timestep));
		const until = Math.min(length, Math.ceil(untilSeconds / timestep));
		if (from < until) samples.fill(Number.NaN, start + from, start + until);
	}
}
