import { expect } from "chai";
import { testData } from "../../support/job-data.js";
import { testCluster, testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { expectData } from "./jobs.js";
import type { TestPlace } from "./use-place.js";

export function describeOpening(places: TestPlace): void {
	const { format, here, open, openReady } = places;
	const other = format === "json" ? "columnar" : "json";

	it("makes an archive where there is none, and remembers its format", async () => {
		const archive = await open();
		expect(archive.format).to.equal(format);
		expect(await archive.clusters()).to.deep.equal([]);
		expect((await archive.info()).jobs).to.equal(0);
		await archive.close();
		const again = await open({ format: undefined, create: false });
		expect(again.format).to.equal(format);
		expect(again.target).to.equal(archive.target);
	});

	it("writes another format where it is told to, and only then", async () => {
		await (await open()).close();
		const told = await open({ format: other });
		expect(told.format).to.equal(other);
		await told.close();
		expect((await open({ format: undefined })).format).to.equal(format);
	});

	it("is columnar and fast unless told", async () => {
		const archive = await open({ format: undefined });
		expect(archive.format).to.equal("columnar");
		expect(archive.compression).to.equal("fast");
		await archive.close();
		expect((await open({ compression: "small" })).compression).to.equal(
			"small",
		);
	});

	it("makes nothing where it is told not to", async () => {
		for (const options of [
			{ create: false },
			{ readOnly: true },
			{ readOnly: true, create: true },
		]) {
			const error = await rejected(open(options));
			expect(error.code).to.equal("ARCHIVE_UNREADABLE");
			expect(error.retryable).to.equal(false);
		}
		expect(await here().contents()).to.deep.equal([]);
	});

	for (const version of ["2", "4", "", "three"])
		it(`refuses version "${version}", and leaves the archive alone`, async () => {
			const archive = await openReady();
			await archive.importJob(testJob(), testData(1));
			await archive.close();
			await here().damage.version(version);
			const contents = await here().contents();
			for (const options of [{}, { readOnly: true }]) {
				const error = await rejected(open(options));
				expect(error.code).to.equal("ARCHIVE_VERSION");
				expect(error.details.received).to.equal(version);
			}
			expect(await here().contents()).to.deep.equal(contents);
		});

	it("opened read-only can be read beside a writer, and not be written", async () => {
		const writer = await openReady();
		await writer.importJob(testJob(), testData(1));
		const archive = await open({ readOnly: true });
		await expectData(archive, testJob(), testData(1));
		const contents = await here().contents();
		const job = testJob({ jobId: 5 });
		for (const write of [
			() => archive.stage(job),
			() => archive.importJob(job, testData(2)),
			() => archive.storeJobMeta(testJob()),
			() => archive.storeClusterConfig("testcluster", testCluster()),
			() => archive.commit([]),
			() => archive.remove([testJob()]),
			() => archive.move([testJob()], writer),
			() => archive.clean({ before: 2 ** 40 }),
			() => archive.compress([testJob()]),
		]) {
			const error = await rejected(write());
			expect(error.code).to.equal("ARCHIVE_READ_ONLY");
			expect(error.details.path).to.be.a("string");
		}
		expect(await here().contents()).to.deep.equal(contents);
		// What the writer adds is there for the reader.
		await writer.importJob(job, testData(5));
		await expectData(archive, job, testData(5));
	});

	it("shares a place between the archives of one process", async () => {
		const [one, two] = [await openReady(), await open({ format: other })];
		for (const [i, archive] of [one, two, one, two].entries())
			await archive.importJob(testJob({ jobId: i }), testData(i, 500));
		await one.close();
		await two.importJob(testJob({ jobId: 4 }), testData(4, 500));
		for (let i = 0; i < 5; i++)
			await expectData(two, testJob({ jobId: i }), testData(i, 500));
	});

	it("takes nothing any more once it is closed", async () => {
		const archive = await openReady();
		const closing = archive.close();
		await archive.close();
		await closing;
		for (const write of [
			() => archive.stage(testJob()),
			() => archive.storeJobMeta(testJob()),
			() => archive.storeClusterConfig("testcluster", testCluster()),
			() => archive.commit([]),
			() => archive.remove([]),
			() => archive.clean({}),
		])
			expect((await rejected(write())).code).to.equal("INVALID_INPUT");
	});

	it("refuses keys and names that are none", async () => {
		const archive = await openReady();
		for (const bad of [
			{ cluster: "../x" },
			{ cluster: "" },
			{ jobId: -1 },
			{ jobId: 1.5 },
			{ startTime: Number.NaN },
		]) {
			const key = { ...testJob(), ...bad };
			for (const call of [
				() => archive.stage(key),
				() => archive.exists(key),
				() => archive.loadJobMeta(key),
				() => archive.loadJobData(key),
				() => archive.loadJobStats(key),
				() => archive.loadStoredData(key),
				() => archive.storeJobMeta(key),
				() => archive.remove([testJob(), key]),
				() => archive.compress([key]),
			])
				expect((await rejected(call())).code).to.equal("INVALID_INPUT");
		}
		for (const call of [
			() => archive.loadClusterConfig(".."),
			() => archive.storeClusterConfig("a/b", {} as never),
		])
			expect((await rejected(call())).code).to.equal("INVALID_INPUT");
	});
}
