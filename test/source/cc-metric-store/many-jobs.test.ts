import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import {
	type Archive,
	Archiver,
	CcMetricStoreSource,
	type Cluster,
	isArchiverError,
	type Job,
	openArchive,
	parseCluster,
	SqliteJobRepository,
} from "../../../lib/index.js";
import type { SeriesPlace } from "../../servers/cc-metric-store.js";
import {
	type GeneratedStore,
	generatedSamples,
	startGeneratedStore,
} from "../../servers/generated-store.js";
import { seededJobs, testCluster } from "../../support/jobs.js";
import { sharedData } from "../../support/shared-data.js";
import { useTempFolder } from "../../support/temp-folder.js";

const FAILING_REQUESTS = 0.01;

describe("jobs from a metric store of which one request in a hundred fails", () => {
	const folder = useTempFolder();
	let store: GeneratedStore;
	before(async () => {
		store = await startGeneratedStore({ failing: FAILING_REQUESTS });
	});
	after(() => store.close());

	it("are archived, or fail with their reason and are archived when tried again", async () => {
		const repository = await SqliteJobRepository.open(join(folder(), "job.db"));
		const jobs = seededJobs(1, 150);
		await repository.registerJobs(jobs);
		const failed = await archiveAll(jobs, [testCluster()], repository);
		expect(failed).to.be.greaterThan(0);
		expect((await repository.countByStatus())[3]).to.equal(jobs.length);
		await repository.close();
	});

	it("with retries are archived at once", async () => {
		const repository = await SqliteJobRepository.open(join(folder(), "job.db"));
		const jobs = seededJobs(2, 60);
		await repository.registerJobs(jobs);
		const failed = await archiveAll(jobs, [testCluster()], repository, 4);
		expect(failed).to.equal(0);
		await repository.close();
	});

	it("of a real job database all are archived in the end", async function () {
		const database = sharedData("job.db");
		if (database === undefined) return this.skip();
		this.timeout(600_000);
		await copyFile(database, join(folder(), "job.db"));
		const repository = await SqliteJobRepository.open(join(folder(), "job.db"));
		const clusters = await Promise.all(["alex", "fritz"].map(realCluster));
		const jobs = await repository.findByTime({ limit: 1000 });
		expect(jobs).to.have.length(544);
		await archiveAll(jobs, clusters, repository);
		const reasons = await Promise.all(
			jobs.map((job) => repository.failureOf(job)),
		);
		expect(reasons.filter((reason) => reason !== undefined)).to.deep.equal([]);
		await repository.close();
	});

	/** Archives jobs and tries again those that failed. Resolves to how many failed at first. */
	async function archiveAll(
		jobs: readonly Job[],
		clusters: readonly Cluster[],
		repository: SqliteJobRepository,
		retries = 0,
	): Promise<number> {
		const archive = await openArchive(`file:${join(folder(), "archive")}`, {
			format: "columnar",
			fsync: false,
		});
		for (const cluster of clusters)
			await archive.storeClusterConfig(cluster.name, cluster);
		const source = new CcMetricStoreSource({
			url: store.url,
			retries,
			retryDelayMs: 1,
		});
		const archiver = await Archiver.start({
			repository,
			archive,
			source,
			recover: false,
			env: {},
			options: { poolMaxThreads: 1 },
		});
		const failed: Job[] = [];
		await Promise.all(
			jobs.map((job) =>
				archiver.archiveJob(job).catch(async (error) => {
					expect(isArchiverError(error) && error.code).to.equal(
						"SOURCE_UNAVAILABLE",
					);
					const reason = await repository.failureOf(job);
					expect(reason?.code).to.equal("SOURCE_UNAVAILABLE");
					expect(reason?.message).to.include(store.url);
					failed.push(job);
				}),
			),
		);
		let triggered = await archiver.retryFailed();
		expect(triggered).to.equal(failed.length);
		for (let round = 0; triggered > 0 && round < 10; round++) {
			await archiver.waitForArchiving();
			triggered = await archiver.retryFailed();
		}
		expect(triggered).to.equal(0);
		await archiver.shutdown();
		await source.close();
		for (const job of jobs) await expectArchived(archive, job);
		await archive.close();
		return failed.length;
	}
});

/** Compares a job's nodes, and its sockets as far as it has them, with what the store holds. */
async function expectArchived(archive: Archive, job: Job): Promise<void> {
	const metrics = ["cpu_load", "mem_bw"];
	const data = await archive.loadJobData(job, { metrics });
	const { cluster, startTime, duration } = job;
	const samplesOf = (place: SeriesPlace) =>
		generatedSamples(place, startTime, startTime + duration + 1);

	const nodes = data.cpu_load.node?.series.map(({ hostname, data }) => [
		hostname,
		[...data],
	]);
	expect(nodes, `nodes of job ${job.jobId}`).to.deep.equal(
		job.resources.map(({ hostname: host }) => [
			host,
			samplesOf({ cluster, host, metric: "cpu_load" }),
		]),
	);
	for (const { hostname: host, id, data: samples } of data.mem_bw?.socket
		?.series ?? [])
		expect([...samples], `socket ${id} of job ${job.jobId}`).to.deep.equal(
			samplesOf({ cluster, host, metric: "mem_bw", type: "socket", id }),
		);
}

async function realCluster(name: string): Promise<Cluster> {
	const path = sharedData("archive", name, "cluster.json") as string;
	return parseCluster(JSON.parse(await readFile(path, "utf8")));
}
