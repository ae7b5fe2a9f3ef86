import type { DataFormat } from "../codec/column.js";
import type { Completeness } from "../schema/completeness.js";
import type { Job } from "../schema/job.js";

/** Key in a job's `metaData` under which this archiver leaves a JSON string about what it stored. */
export const DATA_FACTS_KEY = "hpcJobArchiver";

/** What `meta.json` says of the data beside it. Nothing needs it for reading. */
export interface DataFacts {
	format: DataFormat;
	/** Which version of the data the meta belongs to: see `dataIdOf`. */
	dataId: string;
	series: number;
	/** Gaps included. */
	samples: number;
	/** They are as small as they get; absent: they may get smaller. */
	compression?: "small";
	/** What retention has left of the series: samples so many seconds apart, or no series at all. */
	thinned?: number | "dropped";
	/** Another archiver has archived the job, and its statistics are from there. */
	foreign?: true;
	/** How much of what the job should hold is there. */
	completeness?: Completeness;
	/** What could not be archived as it was asked for, each with its reason. */
	notes?: readonly string[];
}

/** `job` with `facts` in place of what its `metaData` said before. ClusterCockpit keeps it when it edits a meta. */
export function withDataFacts(job: Job, facts: DataFacts): Job {
	return {
		...job,
		metaData: { ...job.metaData, [DATA_FACTS_KEY]: JSON.stringify(facts) },
	};
}

/**
 * `job` as it is stored with other data than it came with: a meta that tells of its data tells of these then. One that
 * does not, such as ClusterCockpit's own, stays as it is.
 */
export function refreshDataFacts(job: Job, facts: DataFacts): Job {
	return dataFactsOf(job) === undefined ? job : withDataFacts(job, facts);
}

/**
 * `job` as it stays where it is with its data in another form: what else its meta tells of them stays true. It tells of
 * them then whoever has archived it, so that a replacement that was cut short can be finished.
 */
export function replaceDataFacts(job: Job, facts: DataFacts): Job {
	const earlier = dataFactsOf(job) ?? { foreign: true };
	return withDataFacts(job, { ...earlier, ...facts });
}

/** What a meta says of its data; undefined: it is not from this archiver, or was edited there. */
export function dataFactsOf({ metaData }: Job): DataFacts | undefined {
	const text = metaData[DATA_FACTS_KEY];
	if (text === undefined) return undefined;
	try {
		const facts = JSON.parse(text);
		return typeof facts?.dataId === "string" ? facts : undefined;
	} catch {
		return undefined;
	}
}
