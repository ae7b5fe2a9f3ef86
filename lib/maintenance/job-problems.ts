import { dataFactsOf } from "../archive/data-facts.js";
import type { DataProblem, VerifiedJob } from "../dispatch/messages.js";
import type { Cluster } from "../schema/cluster.js";
import { formatJobKey, type Job, type JobKey } from "../schema/job.js";
import { checkJobStatistics } from "./check-statistics.js";
import type { ArchiveProblem } from "./findings.js";

type Problem = Pick<ArchiveProblem, "code" | "reason" | "column" | "offset">;

/** A meta that says it is another job's than the one that the archive keeps it for. */
export function metaProblems(key: JobKey, job: Job): ArchiveProblem[] {
	if (formatJobKey(key) === formatJobKey(job)) return [];
	const { cluster, jobId, startTime } = key;
	return [
		{
			code: "META_MISPLACED",
			cluster,
			jobId,
			startTime,
			reason: `the meta is that of another job, ${formatJobKey(job)}`,
		},
	];
}

/**
 * What is wrong with a job's data, by themselves and beside its meta.
 *
 * Statistics that do not fit are damage in a job that this archiver has written, since it writes none: its meta tells of
 * this very version of the data. Others' jobs come like that.
 *
 * @param config - Of the job's cluster; undefined where it has none.
 */
export function dataProblems(
	job: Job,
	{ dataId, faults, notes, nodeMetrics, hostnames }: VerifiedJob,
	config: Cluster | undefined,
): Problem[] {
	if (dataId === undefined) return faults.map(located);
	if (!tellsOf(job, dataId))
		return [
			{
				code: "META_STALE",
				reason: "the meta is that of another version of the data",
			},
		];
	const facts = dataFactsOf(job);
	const isOurs = facts !== undefined && !facts.foreign;
	const timesteps = new Map(
		config?.metricConfig.map(({ name, timestep }) => [name, timestep]),
	);
	const ofJob = checkJobStatistics(job, nodeMetrics, (metric) =>
		timesteps.get(metric),
	).map((problem): Problem => ({ code: "STATISTICS_DIFFER", ...problem }));
	return [
		...otherHosts(job, hostnames),
		...[...notes.map(located), ...ofJob].map((problem) =>
			isOurs && isAboutStatistics(problem)
				? { ...problem, code: "STATISTICS_WRONG" as const }
				: problem,
		),
	];
}

/** A meta that does not say which version of the data it belongs to goes with any. */
export function tellsOf(job: Job, dataId: string): boolean {
	return (dataFactsOf(job)?.dataId ?? dataId) === dataId;
}

function otherHosts(job: Job, hostnames: readonly string[]): Problem[] {
	const own = new Set(job.resources.map(({ hostname }) => shortName(hostname)));
	const isOwn = (hostname: string) => own.has(shortName(hostname));
	if (hostnames.length === 0 || hostnames.some(isOwn)) return [];
	return [
		{
			code: "DATA_MISPLACED",
			reason: `none of the ${hostnames.length} hosts in the data (${hostnames[0]}) is one of the job's`,
		},
	];
}

/** Without its domain, which collectors leave out or not. */
function shortName(hostname: string): string {
	const dot = hostname.indexOf(".");
	return dot > 0 ? hostname.slice(0, dot) : hostname;
}

function isAboutStatistics({ code }: Problem): boolean {
	return code === "STATISTICS_MISSING" || code === "STATISTICS_DIFFER";
}

/** Without the keys that are absent. */
function located({ code, reason, column, offset }: DataProblem): Problem {
	return {
		code,
		reason,
		...(column !== undefined && { column }),
		...(offset !== undefined && { offset }),
	};
}
