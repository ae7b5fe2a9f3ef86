import type { DataFacts } from "../../lib/archive/data-facts.js";
import { openColumnar } from "../../lib/codec/columnar/index.js";
import type {
	Archive,
	Cluster,
	Job,
	JobData,
	MetricConfig,
	MetricScope,
} from "../../lib/index.js";
import type { Completeness } from "../../lib/schema/completeness.js";
import type { House } from "../support/house.js";
import { testCluster } from "../support/jobs.js";

/** What a test looks at of a job that went through an archiver. */
export interface Archived {
	job: Job;
	data: JobData;
	facts: DataFacts & { completeness: Completeness };
}

/** Registers a job, archives it and reads it back. */
export async function archiveAndRead(
	house: House,
	newJob: Job,
): Promise<Archived> {
	const [job] = await house.register([newJob]);
	await house.archiver.archiveJob(job);
	const meta = await house.archive.loadJobMeta(job);
	return {
		job: meta,
		data: await house.archive.loadJobData(job),
		facts: JSON.parse(meta.metaData.hpcJobArchiver),
	};
}

/** The test cluster with these metrics in place of its own. */
export function clusterOf(...metrics: MetricConfig[]): Cluster {
	return { ...testCluster(), metricConfig: metrics };
}

/** A metric without a unit, at node scope, summed, every minute; unless told. */
export function metric(
	name: string,
	overrides: Partial<MetricConfig> = {},
): MetricConfig {
	return {
		name,
		unit: { base: "" },
		scope: "node",
		aggregation: "sum",
		timestep: 60,
		...overrides,
	};
}

/** `host` or `host/device` -> samples. */
export function samplesOf(
	data: JobData,
	name: string,
	scope: MetricScope = "node",
): Record<string, number[]> {
	return Object.fromEntries(
		(data[name]?.[scope]?.series ?? []).map(({ hostname, id, data }) => [
			id === undefined ? hostname : `${hostname}/${id}`,
			[...data],
		]),
	);
}

/** What the index of a columnar job says of it. */
export async function factsInIndex(
	archive: Archive,
	job: Job,
): Promise<Readonly<Record<string, string | number>>> {
	const { bytes } = await archive.loadStoredData(job);
	const { info } = await openColumnar({
		byteLength: bytes.length,
		read: async (offset, length) => bytes.subarray(offset, offset + length),
	});
	return info;
}
