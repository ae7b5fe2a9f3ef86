import { jobDataOf } from "../../lib/codec/job-data.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import type { Archive } from "../../lib/index.js";
import type { Cluster } from "../../lib/schema/cluster.js";
import type { Job } from "../../lib/schema/job.js";
import { record } from "../../lib/schema/record.js";
import { testCluster, testColumn, testJob } from "../support/jobs.js";

/** Names that trip over quoting, prototypes, or the order of UTF-16. */
export const ODD_NAMES = [
	"__proto__",
	"constructor",
	`'; DROP TABLE "jobs" --`,
	"ünïcode",
	"\u{1f600} smile",
	"\uffff last of its plane",
	"a\nb\tc\\",
	"Flops_Any",
];

const ODD_VALUES = [
	-0,
	0,
	Number.NaN,
	Number.POSITIVE_INFINITY,
	Number.NEGATIVE_INFINITY,
	Number.MIN_VALUE,
	Number.MAX_VALUE,
	0.1 + 0.2,
	-1e-300,
];

/** Jobs of two clusters whose names, values and facts are as odd as an archive allows, with their data. */
export async function archiveOddJobs(archive: Archive): Promise<Job[]> {
	const clusters: Cluster[] = [
		testCluster(),
		{ ...testCluster(), name: "Other-cluster.2" },
	];
	for (const cluster of clusters)
		await archive.storeClusterConfig(cluster.name, cluster);
	const jobs = [
		oddJob("testcluster", 7, 1_700_000_000),
		oddJob("testcluster", 7, 1_600_000_000),
		oddJob("testcluster", 12345, 1_700_000_000),
		oddJob("Other-cluster.2", 7, 1_700_000_001),
		testJob({ cluster: "Other-cluster.2", jobId: 8, tags: [] }),
	];
	for (const [seed, job] of jobs.entries())
		await archive.importJob(job, jobDataOf(oddColumns(seed), measureColumn));
	return jobs;
}

function oddJob(cluster: string, jobId: number, startTime: number): Job {
	const unit = { base: "B/s", prefix: "G" };
	const statistics = record<NonNullable<Job["statistics"]>[string]>();
	const footprint = record<number>();
	const energyFootprint = record<number>();
	for (const [i, name] of ODD_NAMES.entries()) {
		if ((jobId + i) % 3 === 0) continue;
		statistics[name] = { unit, avg: i + 0.1, min: -i, max: jobId / 3 };
		footprint[`${name}_avg`] = i / 7;
		energyFootprint[name] = i / 100;
	}
	// Both are a column's name for a query that does not tell upper from lower case.
	statistics.flops_any = { unit: { base: "" }, avg: 1, min: 1, max: 1 };
	return {
		...testJob({ jobId, startTime }),
		cluster,
		user: `o'${ODD_NAMES[2]}`,
		project: ODD_NAMES[4],
		partition: ODD_NAMES[6],
		arrayJobId: 2 ** 40,
		walltime: 86_400,
		requestedMemory: 3,
		submitTime: startTime - 60,
		resources: ODD_NAMES.map((hostname) => ({ hostname, hwthreads: [0, 1] })),
		numNodes: ODD_NAMES.length,
		tags: [{ type: "class", name: ODD_NAMES[0], scope: "global" }],
		metaData: Object.assign(record<string>(), {
			jobName: ODD_NAMES[6],
			jobScript: ODD_NAMES[2],
		}),
		statistics,
		footprint,
		energyFootprint,
		energy: jobId / 9,
	};
}

function oddColumns(seed: number) {
	const hostnames = ODD_NAMES.toReversed();
	return ODD_NAMES.flatMap((metric, i) => {
		const node = testColumn({
			seed: 100 * seed + i,
			metric,
			hostnames,
			series: hostnames.length,
			lengths: Uint32Array.from(hostnames, (_, series) => (series * 7) % 31),
			timestep: 30 + seed,
		});
		node.samples.set(ODD_VALUES, 3);
		const core = testColumn({
			seed: 100 * seed + 50 + i,
			metric,
			scope: "core",
			unit: { base: ODD_NAMES[i] },
			hostnames: hostnames.slice(0, 6),
			ids: [ODD_NAMES[i], "10", "9", null, "0", "__proto__"],
			series: 6,
		});
		return i % 2 === 0 ? [node, core] : [core, node];
	});
}
