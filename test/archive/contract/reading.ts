import { expect } from "chai";
import { openArchive } from "../../../lib/archive/open.js";
import { columnsOf } from "../../../lib/codec/job-data.js";
import { parseJob, serializeJob } from "../../../lib/schema/job-json.js";
import type { DataSelection } from "../../../lib/schema/metric.js";
import { dataOf, keyOf, testData } from "../../support/job-data.js";
import {
	seededJobs,
	testCluster,
	testColumn,
	testJob,
} from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { sharedData } from "../../support/shared-data.js";
import { expectData } from "./jobs.js";
import type { TestPlace } from "./use-place.js";

export function describeReading(places: TestPlace): void {
	const { format, open, openReady } = places;

	it("gives jobs of all kinds back: meta, data, statistics", async () => {
		const seed = 17;
		const archive = await openReady();
		const jobs = seededJobs(seed, 20);
		for (const [i, job] of jobs.entries())
			await archive.importJob(job, testData(i, 1 + i * 20));
		for (const [i, job] of jobs.entries()) {
			const key = keyOf(job);
			const data = testData(i, 1 + i * 20);
			const message = `seed ${seed}, job ${i}`;
			expect(await archive.exists(key), message).to.equal(true);
			expect(await archive.loadJobMeta(key), message).to.deep.equal(
				parseJob(JSON.parse(serializeJob(job))),
			);
			await expectData(archive, key, data, message);
			const { flops_any } = await archive.loadJobStats(key);
			expect(flops_any.core, message).to.deep.equal(
				data.flops_any.core?.series.map(({ data: _, ...rest }) => rest),
			);
		}
	});

	it("gives them back to another archive that is opened later", async () => {
		const archive = await openReady();
		await archive.importJob(testJob(), testData(1));
		await archive.close();
		const later = await open({ readOnly: true });
		await expectData(later, testJob(), testData(1));
		expect(await later.clusters()).to.deep.equal(["testcluster"]);
	});

	it("gives every sample back to the bit, or to two decimals", async () => {
		const archive = await openReady();
		const column = testColumn({ series: 1, samplesPerSeries: 8 });
		const values = [1 / 3, -1e300, 5e-324, -0, Number.NaN, 2 ** 53, 0.1, 7];
		column.samples.set(values);
		await archive.importJob(testJob(), dataOf([column]));
		const [read] = columnsOf(await archive.loadJobData(testJob()));
		expect(read.samples).to.deep.equal(
			format === "columnar"
				? Float64Array.from(values)
				: Float64Array.of(0.33, -1e300, 0, 0, Number.NaN, 2 ** 53, 0.1, 7),
		);
	});

	it("gives the selected metrics and scopes back, and nothing else", async () => {
		const archive = await openReady();
		await archive.importJob(testJob(), testData(1, 3000));
		const names = async (selection: DataSelection) =>
			columnsOf(await archive.loadJobData(testJob(), selection)).map(
				({ metric, scope }) => `${metric}/${scope}`,
			);
		expect(await names({ metrics: ["flops_any"] })).to.deep.equal([
			"flops_any/core",
		]);
		expect(await names({ scopes: ["node"] })).to.deep.equal(["cpu_load/node"]);
		expect(await names({ metrics: ["none"] })).to.deep.equal([]);
	});

	it("hands out stored bytes in a buffer of their own", async () => {
		const archive = await openReady();
		const encodings =
			format === "json" ? ["json", "json.gz"] : ["columnar", "columnar"];
		for (const [i, samples] of [3, 40_000].entries()) {
			const job = testJob({ jobId: i });
			await archive.importJob(job, testData(1, samples));
			const { bytes, path, encoding } = await archive.loadStoredData(job);
			expect(encoding).to.equal(encodings[i]);
			expect(bytes.byteOffset).to.equal(0);
			expect(bytes.buffer.byteLength).to.equal(bytes.byteLength);
			expect(path).to.be.a("string").that.is.not.empty;
			bytes.fill(0);
			await expectData(archive, job, testData(1, samples));
		}
	});

	it("holds __proto__ as a metric, a host and a key of the metadata", async () => {
		const archive = await openReady();
		const metaData = JSON.parse('{"__proto__":"x"}');
		const job = testJob({ metaData, resources: [{ hostname: "__proto__" }] });
		const column = testColumn({
			metric: "__proto__",
			series: 1,
			hostnames: ["__proto__"],
		});
		await archive.importJob(job, dataOf([column]));
		expect(Object.keys(await archive.loadJobData(job))).to.deep.equal([
			"__proto__",
		]);
		await expectData(archive, job, dataOf([column]));
		const stats = await archive.loadJobStats(job);
		expect(Object.keys(stats)).to.deep.equal(["__proto__"]);
		const meta = await archive.loadJobMeta(job);
		expect(Object.entries(meta.metaData)).to.deep.equal([["__proto__", "x"]]);
		expect(meta.resources[0].hostname).to.equal("__proto__");
	});

	if (format === "columnar")
		it("reads of a columnar job only what was asked for", async () => {
			const { bytesRead } = places.here();
			const archive = await openReady();
			const job = testJob();
			const columns = Array.from({ length: 40 }, (_, seed) =>
				testColumn({ metric: `m${seed}`, seed, samplesPerSeries: 10_000 }),
			);
			await archive.importJob(job, dataOf(columns));
			const bytesOf = (read: () => Promise<unknown>) =>
				bytesRead(archive, job, read);
			const all = await bytesOf(() => archive.loadStoredData(job));
			const selection = { metrics: ["m20"] };
			const one = await bytesOf(() => archive.loadJobData(job, selection));
			const statistics = await bytesOf(() => archive.loadJobStats(job));
			expect(all).to.be.at.least(1_000_000);
			expect(one)
				.to.be.above(0)
				.and.below(all / 5);
			expect(statistics).to.be.above(0).and.below(one);
		});

	it("serves many readers at once", async () => {
		const archive = await openReady();
		const jobs = Array.from({ length: 20 }, (_, jobId) => testJob({ jobId }));
		for (const job of jobs)
			await archive.importJob(job, testData(job.jobId, 10 ** (job.jobId % 4)));
		const reader = await open({ readOnly: true });
		await Promise.all(
			[archive, reader, archive].flatMap((from) =>
				jobs.map(async (job) => {
					expect(await from.exists(job)).to.equal(true);
					expect((await from.loadJobMeta(job)).jobId).to.equal(job.jobId);
					const samples = 10 ** (job.jobId % 4);
					await expectData(from, job, testData(job.jobId, samples));
				}),
			),
		);
	});

	it("says that a job or a cluster is not there", async () => {
		const archive = await openReady();
		await archive.importJob(testJob(), testData(1));
		for (const key of [
			testJob({ jobId: 7 }),
			testJob({ startTime: 7 }),
			testJob({ cluster: "other" }),
		]) {
			expect(await archive.exists(key)).to.equal(false);
			for (const load of [
				archive.loadJobMeta(key),
				archive.loadJobData(key),
				archive.loadJobStats(key),
				archive.loadStoredData(key),
			]) {
				const error = await rejected(load);
				expect(error.code).to.equal("JOB_UNKNOWN");
				expect(error.details).to.include(keyOf(key));
			}
		}
		const error = await rejected(archive.loadClusterConfig("other"));
		expect(error.code).to.equal("CLUSTER_UNKNOWN");
		expect(error.details.cluster).to.equal("other");
	});

	it("keeps clusters' configurations whole", async () => {
		const archive = await openReady();
		const config = {
			...testCluster(),
			name: "alpha",
			metricDataRepository: { kind: "cc-metric-store", url: "http://x" },
		};
		await archive.storeClusterConfig("alpha", config);
		expect(await archive.loadClusterConfig("alpha")).to.deep.equal(config);
		const changed = { ...config, more: { nested: [1, null, "ü"] } };
		await archive.storeClusterConfig("alpha", changed);
		expect(await archive.loadClusterConfig("alpha")).to.deep.equal(changed);
		const error = await rejected(
			archive.storeClusterConfig("other", { name: "other" } as never),
		);
		expect(error.code).to.equal("INVALID_INPUT");
		expect(await archive.clusters()).to.deep.equal(["alpha", "testcluster"]);
	});

	it("holds the real job", async function () {
		const path = sharedData("archive");
		if (path === undefined) this.skip();
		const source = await openArchive(path, { readOnly: true });
		const archive = await open();
		const key = { cluster: "emmy", jobId: 1403244, startTime: 1608923076 };
		const job = await source.loadJobMeta(key);
		const data = await source.loadJobData(key);
		await archive.storeClusterConfig(
			"emmy",
			await source.loadClusterConfig("emmy"),
		);
		await archive.importJob(job, data);
		expect(await archive.loadJobMeta(key)).to.deep.equal(job);
		const read = columnsOf(await archive.loadJobData(key));
		if (format === "columnar") {
			expect(read).to.have.length(columnsOf(data).length);
			await expectData(archive, key, data);
			return;
		}
		for (const [c, { metric, samples }] of columnsOf(data).entries()) {
			expect(read[c].metric).to.equal(metric);
			const far = samples.filter((value, i) => {
				const stored = read[c].samples[i];
				return Number.isNaN(value)
					? !Number.isNaN(stored)
					: !(Math.abs(value - stored) < 0.005 + 1e-9);
			});
			expect(far, metric).to.have.length(0);
		}
	});
}
