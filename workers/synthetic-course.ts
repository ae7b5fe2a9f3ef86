import type { SyntheticMetric, SyntheticSpec } from "../lib/source/source.js";
import { hashOf, randomFrom } from "./synthetic-random.js";

type Config = SyntheticMetric["config"];

/** No power of ten or two, so that the quotients need all digits. */
const FULL_PRECISION_TICKS = 954_437.177;

/** What a whole job does: start up, then one plateau after another. All its hosts and metrics follow it. */
export interface JobCourse {
	/** Of the job and the seed; every other hash starts from it. */
	hash: number;
	durationSeconds: number;
	startUpSeconds: number;
	phases: readonly Phase[];
}

interface Phase {
	untilSeconds: number;
	/** 0 to 1: how hard the job works. */
	intensity: number;
	/** 0 to 1: with a metric's own mood, which of its ways to behave it picks. */
	mood: number;
}

/** Part of a series that runs along a line, with noise around it. Values are in the metric's unit. */
export interface Stretch {
	untilSeconds: number;
	from: number;
	to: number;
	noise: number;
}

/** A series to be. */
export interface SeriesCourse {
	stretches: readonly Stretch[];
	/** What no sample exceeds. */
	ceiling: number;
	/** How much more than its due a device of the host may show, at most, as a fraction of it. */
	imbalance: number;
}

/** How a metric behaves, read off its unit and scope. */
type Behaviour =
	| "load"
	| "memory"
	| "power"
	| "temperature"
	| "clock"
	| "utilization"
	| "traffic";

export function jobCourse(spec: SyntheticSpec): JobCourse {
	const { seed, cluster, jobId, startTime, durationSeconds } = spec;
	const hash = hashOf(seed, cluster, jobId, startTime);
	const random = randomFrom(hash);
	const startUpSeconds = Math.min(durationSeconds / 10, 60 + random() * 540);
	const count = 1 + Math.floor(random() * Math.min(6, durationSeconds / 1800));
	const ends = Array.from({ length: count - 1 }, random).sort((a, b) => a - b);
	const phases = [...ends, 1].map((end) => ({
		untilSeconds: startUpSeconds + end * (durationSeconds - startUpSeconds),
		intensity: 0.35 + 0.65 * random(),
		mood: random(),
	}));
	return { hash, durationSeconds, startUpSeconds, phases };
}

function behaviourOf({ unit, scope, aggregation }: Config): Behaviour {
	const base = unit.base.toLowerCase();
	if (base === "w") return "power";
	if (base === "hz") return "clock";
	if (base === "b") return "memory";
	if (base === "°c") return "temperature";
	if (scope === "node" && base.endsWith("/s")) return "traffic";
	if (scope === "accelerator" && aggregation === "avg") return "utilization";
	return "load";
}

/**
 * What a metric does on one host, or on one accelerator of it.
 *
 * @param share - The part of the metric's peak and normal value that is the job's, 0 to 1.
 * @param seriesHash - Of the job, the metric, the host and the accelerator.
 */
export function seriesCourse(
	job: JobCourse,
	config: Config,
	share: number,
	seriesHash: number,
): SeriesCourse {
	const peak = share * peakOf(config);
	const normal = share * (config.normal ?? peakOf(config) / 2);
	const metricRandom = randomFrom(hashOf(job.hash, config.name));
	const random = randomFrom(seriesHash);
	const usual =
		normal * (0.4 + 0.6 * metricRandom()) * (0.92 + 0.08 * random());
	const level = { usual, normal, peak, mood: metricRandom() };
	const behaviour = behaviourOf(config);
	const stretches = STRETCHES[behaviour](job, level, random);
	const highest = Math.max(
		...stretches.map(({ from, to, noise }) => Math.max(from, to) + 3 * noise),
	);
	const ceiling = Math.min(peak, highest);
	// Keeps the cores of a node that is 90 percent busy from being busier than 100 percent.
	const headroom =
		config.aggregation === "avg" && ceiling > 0 ? peak / ceiling - 1 : 1;
	const imbalance = Math.min(headroom, behaviour === "clock" ? 0.02 : 0.5);
	return { stretches, ceiling, imbalance };
}

/** The most that a metric shows. Some real configurations have a peak below the normal value. */
function peakOf({ peak, normal }: Config): number {
	return Math.max(peak ?? 2 * (normal ?? 50), normal ?? 0);
}

/**
 * Samples are whole numbers of ticks: hundredths or thousandths as a rule, ones for percentages of accelerators, degrees
 * and large rates, and fractions that need all digits for ratios, which are quotients of counters.
 */
export function ticksPerUnitOf(config: Config): number {
	const behaviour = behaviourOf(config);
	if (config.unit.base === "IPC" || config.name.endsWith("_ratio"))
		return FULL_PRECISION_TICKS;
	if (behaviour === "utilization" || behaviour === "temperature") return 1;
	if (behaviour === "traffic" && peakOf(config) >= 1000) return 1;
	return hashOf(config.name) % 3 === 0 ? 1000 : 100;
}

/** Levels of a metric on one host, in its unit. */
interface Levels {
	/** What this job reaches at full intensity. */
	usual: number;
	normal: number;
	peak: number;
	/** 0 to 1: which of its ways to behave the metric picks. */
	mood: number;
}

const STRETCHES: Record<
	Behaviour,
	(job: JobCourse, levels: Levels, random: () => number) => Stretch[]
> = {
	load: (job, { usual }) => settling(job, usual, 0.05, 0, 0.02),
	power: (job, { usual }) => settling(job, usual, 0.35, 0.35, 0.008),
	temperature: (job, { usual }) => settling(job, usual, 0.6, 0.6, 0.01),
	clock: ({ durationSeconds }, { normal }, random) => [
		flat(durationSeconds, (0.96 + 0.03 * random()) * normal, 0.0005 * normal),
	],
	memory: (job, { usual }, random) => {
		let level = (0.4 + 0.4 * random()) * usual;
		const filling = startUp(job, 0.05 * usual, level);
		const drifting = job.phases.map(({ untilSeconds }) => {
			const from = level;
			level = Math.max(0, level + (random() - 0.3) * 0.3 * usual);
			return { untilSeconds, from, to: level, noise: 0.0005 * usual };
		});
		return [...filling, ...drifting];
	},
	utilization: (job, { peak, mood }, random) => [
		flat(job.startUpSeconds, 0, 0),
		...job.phases.map((phase) => {
			const choice = (phase.mood + mood) % 1;
			if (choice < 0.3) return flat(phase.untilSeconds, peak, 0);
			if (choice < 0.45) return flat(phase.untilSeconds, 0, 0);
			const busy = (choice - 0.05 * random()) * peak;
			return flat(phase.untilSeconds, busy, 0.03 * peak);
		}),
	],
	traffic: (job, { usual, mood }, random) => {
		let begin = 0;
		return job.phases.flatMap((phase) => {
			const seconds = phase.untilSeconds - begin;
			const burstEnd = begin + seconds * (0.02 + 0.2 * random());
			begin = phase.untilSeconds;
			const burst = (0.3 + 0.7 * random()) * usual;
			const trickle = (phase.mood + mood) % 1 < 0.4 ? 0 : 0.002 * usual;
			return [
				flat(burstEnd, burst, 0.15 * burst),
				flat(phase.untilSeconds, trickle, trickle / 2),
			];
		});
	},
};

/**
 * A start-up, then a plateau for each phase.
 *
 * @param atStart - What the job shows before it works, as a fraction of `usual`.
 * @param idle - What of `usual` it shows whatever its intensity.
 * @param relativeNoise - Noise on the plateaus, in proportion to them.
 */
function settling(
	job: JobCourse,
	usual: number,
	atStart: number,
	idle: number,
	relativeNoise: number,
): Stretch[] {
	const plateaus = job.phases.map(({ untilSeconds, intensity }) => {
		const level = (idle + (1 - idle) * intensity) * usual;
		return flat(untilSeconds, level, relativeNoise * level);
	});
	const settled = plateaus[0]?.from ?? usual;
	return [...startUp(job, atStart * usual, settled), ...plateaus];
}

/** Most of the way in a short while, the rest more slowly. */
function startUp(job: JobCourse, from: number, to: number): Stretch[] {
	const bend = from + 0.8 * (to - from);
	const noise = 0.02 * to;
	return [
		{ untilSeconds: 0.4 * job.startUpSeconds, from, to: bend, noise },
		{ untilSeconds: job.startUpSeconds, from: bend, to, noise },
	];
}

function flat(untilSeconds: number, level: number, noise: number): Stretch {
	return { untilSeconds, from: level, to: level, noise };
}
