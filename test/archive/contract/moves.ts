import { expect } from "chai";
import type { Archive } from "../../../lib/archive/archive.js";
import { testData } from "../../support/job-data.js";
import { testCluster, testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { expectData } from "./jobs.js";
import type { TestPlace } from "./use-place.js";

export function describeMoves(places: TestPlace): void {
	const { format, here, elsewhere, open, openReady } = places;
	const jobs = [1, 2, 3, 4].map((jobId) =>
		testJob({ jobId, startTime: 100 + jobId }),
	);
	const dataOf = ({ jobId }: { jobId: number }) =>
		testData(jobId, [3, 30, 3000, 30_000][jobId % 4]);

	async function filled(): Promise<Archive> {
		const archive = await openReady();
		for (const job of jobs) await archive.importJob(job, dataOf(job));
		return archive;
	}

	it("takes jobs to another archive as they are stored, with their clusters' configurations", async () => {
		const archive = await filled();
		const contents = await here().contents();
		const other = format === "json" ? "columnar" : "json";
		const target = await open({ format: other }, await elsewhere());
		const stored = await archive.loadStoredData(jobs[3]);
		const errors = await archive.move(jobs, target);
		expect(errors).to.deep.equal(jobs.map(() => undefined));
		for (const job of jobs) {
			await expectData(target, job, dataOf(job));
			expect(await target.loadJobMeta(job)).to.deep.equal(job);
			expect(await archive.exists(job)).to.equal(false);
		}
		const { bytes, encoding } = await target.loadStoredData(jobs[3]);
		expect(encoding).to.equal(stored.encoding);
		expect(bytes).to.deep.equal(stored.bytes);
		expect(await target.loadClusterConfig("testcluster")).to.deep.equal(
			testCluster(),
		);
		// And back again.
		await target.move(jobs, archive);
		expect((await target.info()).jobs).to.equal(0);
		expect(await here().contents()).to.have.length(contents.length);
	});

	it("leaves a job where it is when its copy cannot be had, or is not right, and moves the others", async () => {
		const archive = await filled();
		const target = await openReady({}, await elsewhere());
		const lying = lyingArchive(target, (jobId) => jobId === 2);
		const keys = [testJob({ jobId: 9 }), ...jobs];
		const errors = await archive.move(keys, lying);
		expect(errors.map((error) => error?.code)).to.deep.equal([
			"JOB_UNKNOWN",
			undefined,
			"DATA_CORRUPT",
			undefined,
			undefined,
		]);
		await expectData(archive, jobs[1], dataOf(jobs[1]));
		expect((await archive.info()).jobs).to.equal(1);
		// A second run, without the fault, completes it.
		expect(await archive.move([jobs[1]], target)).to.deep.equal([undefined]);
		expect((await archive.info()).jobs).to.equal(0);
		for (const job of jobs) await expectData(target, job, dataOf(job));
	});

	it("leaves everything where it is when nothing may be written there", async () => {
		const archive = await filled();
		const place = await elsewhere();
		await (await openReady({}, place)).close();
		const target = await open({ readOnly: true }, place);
		const errors = await archive.move(jobs, target);
		for (const error of errors)
			expect(error?.code).to.equal("ARCHIVE_READ_ONLY");
		for (const job of jobs) await expectData(archive, job, dataOf(job));
		const same = await rejected(archive.move(jobs, archive));
		expect(same.code).to.equal("INVALID_INPUT");
	});

	it("replaces what the other archive has of a job, and keeps its tags and its cluster", async () => {
		const archive = await filled();
		const target = await openReady({}, await elsewhere());
		const cluster = { ...testCluster(), edited: true };
		await target.storeClusterConfig("testcluster", cluster);
		const tags = [{ type: "t", name: "there" }];
		await target.importJob({ ...jobs[0], tags }, testData(7));
		expect(await archive.move([jobs[0]], target)).to.deep.equal([undefined]);
		await expectData(target, jobs[0], dataOf(jobs[0]));
		expect((await target.loadJobMeta(jobs[0])).tags).to.deep.equal(tags);
		expect(await target.loadClusterConfig("testcluster")).to.deep.equal(
			cluster,
		);
	});

	it("moves no job whose meta or data cannot be read", async () => {
		const archive = await filled();
		const target = await openReady({}, await elsewhere());
		await here().damage.data(jobs[2], () => undefined);
		await here().damage.meta(jobs[3], "{");
		const errors = await archive.move(jobs, target);
		expect(errors.map((error) => error?.code)).to.deep.equal([
			undefined,
			undefined,
			"DATA_CORRUPT",
			"DATA_CORRUPT",
		]);
		expect((await target.info()).jobs).to.equal(2);
	});
}

/** An archive on a disk that gives other bytes back for some jobs than it was given. */
function lyingArchive(
	archive: Archive,
	lies: (jobId: number) => boolean,
): Archive {
	return new Proxy(archive, {
		get(target, name) {
			if (name === "loadStoredData")
				return async (key: Parameters<Archive["loadStoredData"]>[0]) => {
					const stored = await target.loadStoredData(key);
					if (lies(key.jobId)) stored.bytes[stored.bytes.length >> 1] ^= 1;
					return stored;
				};
			const value: unknown = Reflect.get(target, name, target);
			return typeof value === "function" ? value.bind(target) : value;
		},
	});
}
