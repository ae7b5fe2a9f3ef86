import { expect } from "chai";
import { Archiver, type ArchiverHooks, type Job } from "../../lib/index.js";
import { type House, useHouse } from "../support/house.js";
import { versionedSource, versionOf } from "../support/job-versions.js";
import { testJob } from "../support/jobs.js";
import { columnsFor, ScriptedSource } from "../support/scripted-source.js";
import { until } from "../support/until.js";

describe("an archiver that recovers", () => {
	const openHouse = useHouse();

	/** A second archiver on the same archive and database, as after a restart. */
	async function restart(
		house: House,
		source: ScriptedSource,
		hooks: ArchiverHooks[] = [],
		recover?: boolean,
	) {
		const { archive, repository } = house;
		return Archiver.start({
			archive,
			repository,
			source,
			hooks,
			recover,
			env: {},
			options: { poolMaxThreads: 1 },
		});
	}

	/** Resolves once nothing is pending any more. */
	async function recovered({ repository }: House): Promise<void> {
		await until(async () => (await repository.countByStatus())[1] === 0);
	}

	/** What a crash between archive and database leaves: the job whole in the archive, and pending in the database. */
	async function archivedButNotRecorded(
		house: House,
		jobs: readonly Job[],
	): Promise<void> {
		const { repository, archiver } = house;
		const commit = repository.commitArchived.bind(repository);
		repository.commitArchived = () =>
			Promise.reject(new Error("the power goes"));
		repository.markFailed = () => Promise.reject(new Error("the power goes"));
		await Promise.allSettled(jobs.map((job) => archiver.archiveJob(job)));
		repository.commitArchived = commit;
	}

	it("archives what an earlier one left pending, the oldest stop first, also beyond a page", async () => {
		const told: number[] = [];
		const house = await openHouse();
		const ids = Array.from({ length: 130 }, (_, i) => i);
		await house.register(
			ids.map((jobId) =>
				testJob({ jobId, startTime: 1_700_000_000 - jobId, duration: 600 }),
			),
		);
		const archiver = await restart(house, new ScriptedSource(), [
			{ onJobStop: ({ jobId }) => void told.push(jobId) },
		]);
		await recovered(house);
		await archiver.shutdown();
		expect(told).to.deep.equal(ids.reverse());
	});

	it("does so by itself only in a database that this library made", async () => {
		const house = await openHouse();
		expect(house.repository.ours).to.equal(true);
		Object.defineProperty(house.repository, "ours", { value: false });
		const [job] = await house.registerIds([1]);
		const passive = await restart(house, new ScriptedSource());
		const [other] = await house.registerIds([2]);
		await passive.archiveJob(other);
		await passive.shutdown();
		expect((await house.repository.findJob(job))?.monitoringStatus).to.equal(1);
		const active = await restart(house, new ScriptedSource(), [], true);
		await recovered(house);
		await active.shutdown();
	});

	for (const format of ["columnar", "json"] as const) {
		it(`only records a job that is whole in the archive already (${format})`, async () => {
			const source = new ScriptedSource();
			const told: string[] = [];
			const house = await openHouse({ format, source });
			const jobs = await house.registerIds([1, 2]);
			await archivedButNotRecorded(house, jobs);
			expect(source.requests).to.have.lengthOf(2);
			const meta = await house.archive.loadJobMeta(jobs[0]);
			const again = new ScriptedSource();
			const archiver = await restart(house, again, [
				{
					onJobStop: ({ jobId, statistics }) =>
						void told.push(`${jobId} ${Object.keys(statistics ?? {})}`),
				},
			]);
			await recovered(house);
			await archiver.shutdown();
			expect(again.requests, "nothing is loaded again").to.deep.equal([]);
			const row = await house.repository.findJob(jobs[0]);
			expect(row?.monitoringStatus).to.equal(3);
			expect(row?.footprint).to.deep.equal({ ...meta.footprint });
			expect(told).to.deep.equal([
				"1 cpu_load,mem_used",
				"2 cpu_load,mem_used",
			]);
		});

		it(`archives a job again whose data and meta are not of one version (${format})`, async () => {
			const house = await openHouse({ format });
			const [job] = await house.registerIds([1]);
			await archivedButNotRecorded(house, [job]);
			const meta = await house.archive.loadJobMeta(job);
			await house.archive.importJob({ ...job, metaData: {} }, {});
			await house.archive.storeJobMeta(meta);
			const again = new ScriptedSource();
			const archiver = await restart(house, again);
			await recovered(house);
			await archiver.shutdown();
			expect(again.requests).to.have.lengthOf(1);
			const data = await house.archive.loadJobData(job);
			expect(data.cpu_load.node?.series[0].data).to.deep.equal(
				await expectedLoad(job, format),
			);
		});
	}

	it("records what an archived job has become, when a crash came between its new data and the database", async () => {
		const house = await openHouse({ source: versionedSource(1) });
		const { archive, repository, archiver } = house;
		const [job, other] = await house.registerIds([1, 2]);
		await archiver.archiveJob(job);
		await archiver.archiveJob(other);
		await archiver.shutdown();
		const earlier = await repository.findJob(job);
		const second = await restart(house, versionedSource(2));
		// As it was handed in before, when it was pending: whoever calls need not know.
		await archivedButNotRecorded({ ...house, archiver: second }, [job]);
		await second.shutdown();
		expect((await repository.findJob(job))?.monitoringStatus).to.equal(1);
		const again = versionedSource(3);
		const third = await restart(house, again);
		await recovered(house);
		await third.shutdown();
		expect(again.requests, "nothing is loaded again").to.deep.equal([]);
		const meta = await archive.loadJobMeta(job);
		const row = await repository.findJob(job);
		expect(row?.monitoringStatus).to.equal(3);
		expect(row?.footprint).to.deep.equal({ ...meta.footprint });
		expect(row?.footprint).to.not.deep.equal(earlier?.footprint);
	});

	it("keeps an archived job as it is, when its new data did not get into the archive", async () => {
		const house = await openHouse({ source: versionedSource(1) });
		const { archive, repository, archiver } = house;
		const [job] = await house.registerIds([1]);
		await archiver.archiveJob(job);
		await archiver.shutdown();
		const earlier = await repository.findJob(job);
		await repository.reopen([job]);
		const again = versionedSource(3);
		const next = await restart(house, again);
		await recovered(house);
		await next.shutdown();
		expect(again.requests).to.deep.equal([]);
		expect(await repository.findJob(job)).to.deep.equal(earlier);
		const data = await archive.loadJobData(job);
		expect(versionOf(job, data, "columnar")).to.equal(1);
	});

	it("leaves alone what others hand in meanwhile", async () => {
		const source = new ScriptedSource();
		const house = await openHouse();
		const jobs = await house.registerIds([1, 2, 3]);
		const archiver = await restart(house, source);
		await archiver.archiveJob(jobs[1]);
		await recovered(house);
		await archiver.shutdown();
		expect(source.requests.map(({ job }) => job.jobId).sort()).to.deep.equal([
			1, 2, 3,
		]);
	});

	it("tells hooks what a crash kept from being told, with the same id", async () => {
		const ids: string[] = [];
		const hanging: ArchiverHooks = {
			onJobStop: (_, { id }) => {
				ids.push(id);
				return new Promise(() => {});
			},
		};
		const house = await openHouse({ hooks: [hanging] });
		const jobs = await house.registerIds([1, 2, 3]);
		await Promise.all(jobs.map((job) => house.archiver.archiveJob(job)));
		await house.archiver.shutdown(0).catch(() => {});
		const before = [...ids];
		expect(await house.repository.findUntold()).to.have.lengthOf(3);
		const archiver = await restart(house, new ScriptedSource(), [
			{
				onJobStop: (job, { id }) =>
					void ids.push(`${id} ${job.statistics?.cpu_load !== undefined}`),
			},
		]);
		await until(async () => (await house.repository.findUntold()).length === 0);
		await archiver.shutdown();
		expect(before).to.deep.equal(["onJobStop/testcluster/1/1700000000"]);
		expect(ids.slice(1)).to.deep.equal(
			[1, 2, 3].map((id) => `onJobStop/testcluster/${id}/1700000000 true`),
		);
	});
});

async function expectedLoad(job: Job, format: string): Promise<Float64Array> {
	const [{ samples }] = columnsFor(job);
	return format === "columnar"
		? samples
		: samples.map((value) => Math.round(value * 100) / 100);
}
