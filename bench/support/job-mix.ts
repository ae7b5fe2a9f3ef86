import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { demoCluster } from "../../lib/cli/demo-cluster.js";
import { demoJob } from "../../lib/cli/demo-jobs.js";
import {
	type Cluster,
	type Job,
	openArchive,
	SqliteJobRepository,
	SyntheticSource,
} from "../../lib/index.js";
import { SEED, withFolder } from "./bench.js";
import { sharedData } from "./shared-data.js";
import { syntheticColumns } from "./synthetic-columns.js";
import type { Workload } from "./workload.js";

export const MIX_JOBS = 544;
/** Between the job ids of one run and the next. */
const ID_STEP = 10_000_000;

/**
 * The jobs of a real job database of a GPU and a CPU cluster, or as many of the demo's cluster where that is missing,
 * with synthetic series.
 *
 * @param count - How many of them, evenly spread.
 */
export async function loadJobMix(count: number): Promise<Workload> {
	const { name, jobs, clusters } = await realMix().then(
		(mix) => mix ?? seededMix(),
	);
	const chosen = Array.from(
		{ length: Math.min(count, jobs.length) },
		(_, i) => jobs[Math.floor((i * jobs.length) / count)],
	);
	const byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
	let run = 0;
	return {
		name: `${chosen.length} jobs of ${name}, series by seed ${SEED}`,
		clusters,
		source: new SyntheticSource(SEED),
		nextJobs() {
			const offset = run++ * ID_STEP;
			return chosen.map((job) => ({ ...job, jobId: job.jobId + offset }));
		},
		columnsOf: (job) =>
			syntheticColumns(SEED, job, byName.get(job.cluster) as Cluster),
	};
}

interface Mix {
	name: string;
	jobs: Job[];
	clusters: Cluster[];
}

async function realMix(): Promise<Mix | undefined> {
	const database = sharedData("job.db");
	const archivePath = sharedData("archive");
	if (database === undefined || archivePath === undefined) return undefined;
	const jobs = await withFolder("mix", async (folder) => {
		const copy = join(folder, "job.db");
		await copyFile(database, copy);
		return allJobs(copy);
	});
	const archive = await openArchive(`file:${archivePath}`, { readOnly: true });
	const names = [...new Set(jobs.map(({ cluster }) => cluster))];
	const clusters = await Promise.all(
		names.map((name) => archive.loadClusterConfig(name)),
	);
	await archive.close();
	return { name: names.join(" and "), jobs, clusters };
}

async function allJobs(path: string): Promise<Job[]> {
	const repository = await SqliteJobRepository.open(path);
	const jobs: Job[] = [];
	for (;;) {
		const page = await repository.findByTime({ after: jobs.at(-1) });
		if (page.length === 0) break;
		jobs.push(...page);
	}
	await repository.close();
	// As they were before they were archived.
	return jobs.map(
		({
			id: _,
			footprint: __,
			energyFootprint: ___,
			energy: ____,
			statistics: _____,
			...job
		}) => job,
	);
}

function seededMix(): Mix {
	return {
		name: "the demo's cluster",
		jobs: Array.from({ length: MIX_JOBS }, (_, i) => demoJob(i)),
		clusters: [demoCluster()],
	};
}
