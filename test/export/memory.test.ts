import { join } from "node:path";
import { expect } from "chai";
import { jobDataOf } from "../../lib/codec/job-data.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import { openArchive } from "../../lib/index.js";
import { useChildren } from "../support/child.js";
import { testCluster, testColumn, testJob } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";

const HOSTS = 200;
const STEPS = 1000;
const METRICS = 3;
/** A node without anything to do has some 60 MB; a row group and the library's copies of it take a few times its size. */
const MOST_RSS_MB = 300;

describe("memory of an export", () => {
	const folder = useTempFolder();
	const start = useChildren();

	it("is bounded, however large a job is", async () => {
		const archive = await openArchive(`file:${join(folder(), "archive")}`, {
			fsync: false,
		});
		await archive.storeClusterConfig("testcluster", testCluster());
		const job = testJob({ numNodes: HOSTS });
		const columns = Array.from({ length: METRICS }, (_, i) =>
			testColumn({
				seed: i,
				metric: `metric${i}`,
				hostnames: job.resources.map(({ hostname }) => hostname),
				series: HOSTS,
				samplesPerSeries: STEPS,
			}),
		);
		await archive.importJob(job, jobDataOf(columns, measureColumn));
		await archive.close();
		const child = start({ text: EXPORTING }, [
			new URL("../../lib/index.js", import.meta.url).href,
			new URL("../../bench/support/threads.js", import.meta.url).href,
			archive.target,
			join(folder(), "out"),
		]);
		const { rows, rssMb } = JSON.parse((await child.line()) ?? "{}");
		expect(rows).to.equal(HOSTS * STEPS * METRICS);
		expect(rssMb).to.be.below(MOST_RSS_MB);
		expect(await child.ended).to.equal(0);
	});
});

/** Exports with one thread whose heap could not hold the job's rows, and tells the most memory that the process had. */
const EXPORTING = `
const [, library, support, source, target] = process.argv;
const { exportParquet, openArchive, WorkerPool } = await import(library);
const { peakRssBytes } = await import(support);
const pool = new WorkerPool({ poolMinThreads: 0, poolMaxThreads: 1, poolIdleTimeoutMs: 0, maxHeapMib: 40 });
const archive = await openArchive(source, { readOnly: true });
const { rows } = await exportParquet(archive, target, { pool });
await pool.close();
await archive.close();
console.log(JSON.stringify({ rows, rssMb: (await peakRssBytes()) / 2 ** 20 }));
`;
