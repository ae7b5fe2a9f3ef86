import { gunzipSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import { jobFolder } from "../../../lib/archive/layout.js";
import { columnsOf } from "../../../lib/codec/job-data.js";
import { encodeJson } from "../../../lib/codec/json/index.js";
import { serializeJob } from "../../../lib/schema/job-json.js";
import { testData } from "../../support/job-data.js";
import { testCluster, testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { expectData } from "../contract/jobs.js";
import { S3Place } from "./s3-place.js";
import { useGateway } from "./use-gateway.js";

describe("an S3 archive beside ClusterCockpit", () => {
	const gateway = useGateway();
	let place: S3Place;

	beforeEach(() => {
		place = new S3Place(gateway());
	});

	afterEach(() => place?.close());

	/** An archive as ClusterCockpit makes one, with a gzipped job and a plain one. */
	async function makeTheirs(): Promise<void> {
		await place.put("version.txt", "3");
		await place.put("testcluster/cluster.json", JSON.stringify(testCluster()));
		const { bytes } = encodeJson(columnsOf(testData(1, 3)));
		for (const [jobId, name, data] of [
			[1, "data.json.gz", gzipSync(bytes)],
			[2, "data.json", bytes],
		] as const) {
			const job = testJob({ jobId });
			await place.put(`${jobFolder(job)}/meta.json`, serializeJob(job));
			await place.put(`${jobFolder(job)}/${name}`, data);
		}
	}

	for (const readOnly of [true, false])
		it(`reads an archive of theirs${readOnly ? ", without touching it" : ""}`, async () => {
			await makeTheirs();
			const before = await place.keys();
			const archive = await place.open({ readOnly });
			expect(archive.format).to.equal("json");
			for (const jobId of [1, 2])
				await expectData(archive, testJob({ jobId }), testData(1, 3));
			expect(await archive.clusters()).to.deep.equal(["testcluster"]);
			expect((await archive.info()).jobs).to.equal(2);
			for await (const stray of archive.strays()) expect.fail(stray.reason);
			if (readOnly) expect(await place.keys()).to.deep.equal(before);
			await archive.close();
			expect(await place.keys()).to.deep.equal(before);
		});

	it("writes jobs under their keys and nothing else, new ones and again", async () => {
		const archive = await place.open({ format: "json" });
		await archive.storeClusterConfig("testcluster", testCluster());
		const [small, large] = [
			testJob({ jobId: 1 }),
			testJob({ jobId: 1_403_244 }),
		];
		for (const round of [1, 2]) {
			await archive.importJob(small, testData(round, 3));
			await archive.importJob(large, testData(round, 300));
			expect(await place.keys()).to.deep.equal([
				"hpc-job-archiver.journal",
				"hpc-job-archiver.json",
				"hpc-job-archiver.lock",
				`testcluster/0/001/${small.startTime}/data.json`,
				`testcluster/0/001/${small.startTime}/meta.json`,
				`testcluster/1403/244/${large.startTime}/data.json.gz`,
				`testcluster/1403/244/${large.startTime}/meta.json`,
				"testcluster/cluster.json",
				"version.txt",
			]);
			const textOf = async (key: string) =>
				Buffer.from(await place.get(key)).toString();
			expect(await textOf("version.txt")).to.equal("3\n");
			expect(await textOf(`${jobFolder(small)}/meta.json`)).to.equal(
				serializeJob(await archive.loadJobMeta(small)),
			);
			const packed = await place.get(`${jobFolder(large)}/data.json.gz`);
			const { bytes } = encodeJson(columnsOf(testData(round, 300)));
			expect(gunzipSync(packed)).to.deep.equal(gunzipSync(bytes));
		}
		await archive.close();
		const left = (await place.keys()).filter((key) => !key.includes("/"));
		expect(left).to.deep.equal(["hpc-job-archiver.json", "version.txt"]);
	});

	it("keeps a columnar job's data when they edit its meta", async () => {
		const archive = await place.open({ format: "columnar" });
		await archive.storeClusterConfig("testcluster", testCluster());
		const job = testJob();
		await archive.importJob(job, testData(1));
		const key = `${jobFolder(job)}/meta.json`;
		const meta = JSON.parse(Buffer.from(await place.get(key)).toString());
		meta.tags = [{ type: "user", name: "look", scope: "global" }];
		await place.put(key, JSON.stringify(meta));
		await expectData(archive, job, testData(1));
		const { tags, metaData } = await archive.loadJobMeta(job);
		expect(tags).to.have.length(1);
		expect(metaData).to.deep.equal(job.metaData);
		await archive.close();
	});

	for (const name of ["meta.json", "data.json"])
		it(`notices a ${name} that is not what was written`, async () => {
			const archive = await place.open({ format: "json" });
			await archive.storeClusterConfig("testcluster", testCluster());
			const job = testJob();
			await archive.importJob(job, testData(1, 3));
			const key = `${jobFolder(job)}/${name}`;
			const text = Buffer.from(await place.get(key)).toString();
			// As a store would do that has lost a bit: no checksum of JSON's own tells.
			const changed = text.replace(/\d(?=\D*$)/, (digit) =>
				String((Number(digit) + 1) % 10),
			);
			await place.putWithHash(key, changed, await place.hashOf(key));
			const load =
				name === "meta.json"
					? archive.loadJobMeta(job)
					: archive.loadJobData(job);
			const { code, message } = await rejected(load);
			expect(code).to.equal("DATA_CORRUPT");
			expect(message).to.include("SHA-256").and.to.include(key);
			await archive.importJob(job, testData(2, 3));
			await expectData(archive, job, testData(2, 3));
			await archive.close();
		});
});
