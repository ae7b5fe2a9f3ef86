import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { jobDataOf } from "../../lib/codec/job-data.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import { exportParquet, type Job, openArchive } from "../../lib/index.js";
import { usePool } from "../maintenance/seeded-archive.js";
import { testCluster, testColumn, testJob } from "../support/jobs.js";
import { checkoutRoot } from "../support/shared-data.js";
import { useTempFolder } from "../support/temp-folder.js";
import { query, type Row } from "./duckdb.js";

const HOUR = 3600;

describe("the README's queries", () => {
	const folder = useTempFolder();
	const pool = usePool();

	it("find idle jobs, add up node hours and energy, and follow one job, as they stand there", async () => {
		await exportJobs([
			jobOf({ jobId: 4711, user: "alice", nodes: 64, hours: 5, flops: 3 }),
			jobOf({ jobId: 2, user: "alice", nodes: 16, hours: 10, flops: 0.5 }),
			jobOf({ jobId: 3, user: "bob", nodes: 64, hours: 5, flops: 900 }),
			jobOf({ jobId: 4, user: "bob", nodes: 1, hours: 1, flops: 0 }),
		]);
		const [idle, usage, course] = await runQueries();
		expect(
			idle.map(({ job_id, hpc_user, node_hours }) => [
				job_id,
				hpc_user,
				node_hours,
			]),
		).to.deep.equal([
			[4711n, "alice", 320],
			[2n, "alice", 160],
		]);
		expect(usage).to.deep.equal([
			usageOf("alice", 2n, 480),
			usageOf("bob", 2n, 321),
		]);
		const { lengths, samples } = load();
		expect(course).to.have.lengthOf(lengths[0]);
		for (const [step, row] of course.entries()) {
			const values = [0, 1, 2].map((host) => samples[host * lengths[0] + step]);
			const present = values.filter((value) => !Number.isNaN(value));
			const sorted = present.sort((a, b) => a - b);
			expect(row).to.deep.include({
				timestamp: new Date((1_700_000_000 + 60 * step) * 1000),
				least: sorted[0] ?? null,
				most: sorted.at(-1) ?? null,
			});
		}
	});

	async function exportJobs(jobs: readonly Job[]): Promise<void> {
		const archive = await openArchive(`file:${join(folder(), "archive")}`, {
			fsync: false,
		});
		await archive.storeClusterConfig("demo", {
			...testCluster(),
			name: "demo",
		});
		for (const job of jobs)
			await archive.importJob(job, jobDataOf([load()], measureColumn));
		await exportParquet(archive, join(folder(), "export"), { pool });
		await archive.close();
	}

	async function runQueries(): Promise<Row[][]> {
		const readme = await readFile(join(checkoutRoot, "README.md"), "utf8");
		const queries = [...readme.matchAll(/```sql\n(.*?)```/gs)];
		expect(queries).to.have.lengthOf(3);
		return Promise.all(
			queries.map(([, sql]) => query(sql, { searchPath: folder() })),
		);
	}
});

interface JobFacts {
	jobId: number;
	user: string;
	nodes: number;
	hours: number;
	flops: number;
}

/** Takes half a kilowatt a node. */
function jobOf({ jobId, user, nodes, hours, flops }: JobFacts): Job {
	const unit = { base: "Flops/s", prefix: "G" };
	return {
		...testJob({ jobId, numNodes: nodes, duration: hours * HOUR }),
		cluster: "demo",
		user,
		statistics: { flops_any: { unit, avg: flops, min: 0, max: 2 * flops } },
		energy: (nodes * hours) / 2,
	};
}

function usageOf(hpc_user: string, jobs: bigint, node_hours: number): Row {
	return { cluster: "demo", hpc_user, jobs, node_hours, kwh: node_hours / 2 };
}

/** The one metric that every job has. */
function load() {
	return testColumn({ seed: 5, metric: "cpu_load", series: 3, gaps: 0.2 });
}
