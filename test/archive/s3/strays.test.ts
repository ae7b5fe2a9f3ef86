import { CreateMultipartUploadCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { Archive, Stray } from "../../../lib/archive/archive.js";
import { jobFolder } from "../../../lib/archive/layout.js";
import { S3_BUCKET } from "../../servers/ceph-rgw.js";
import { keyOf, testData } from "../../support/job-data.js";
import { testCluster, testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { commitAll, stage } from "../contract/jobs.js";
import { S3Place } from "./s3-place.js";
import { useGateway } from "./use-gateway.js";

const OWN_DATA = "data-0123456789abcdef.hjc";

describe("strays in an S3 archive", () => {
	const gateway = useGateway();
	const job = testJob();
	const folder = jobFolder(job);
	let place: S3Place;
	let archive: Archive;

	for (const format of ["columnar", "json"] as const)
		describe(format, () => {
			beforeEach(async () => {
				place = new S3Place(gateway());
				archive = await place.open({ format });
				await archive.storeClusterConfig("testcluster", testCluster());
				await archive.importJob(job, testData(1, 300));
			});

			afterEach(async () => {
				await archive?.close();
				await place?.close();
			});

			it("are none in a sound one, whatever is under way", async () => {
				expect(await straysOf(archive)).to.deep.equal([]);
				const small = await stage(archive, job, testData(2, 3));
				const large = await archive.stage(testJob({ jobId: 5 }));
				await large.append(new Uint8Array(6 * 2 ** 20));
				expect(await straysOf(archive)).to.deep.equal([]);
				await commitAll(archive, [small]);
				expect(await straysOf(archive)).to.deep.equal([]);
				await large.discard();
				const reader = await place.open({ readOnly: true });
				expect(await straysOf(reader)).to.deep.equal([]);
				await reader.close();
			});

			it("are told by what they are", async () => {
				const dead = testJob({ jobId: 7 });
				const beside = format === "columnar" ? "data.json" : "data.json.gz";
				const objects: Record<string, Stray["code"]> = {
					"note.txt": "FOREIGN",
					"some folder/x": "FOREIGN",
					"testcluster/note.txt": "FOREIGN",
					"testcluster/0/": "EMPTY",
					[`${folder}/note.txt`]: "FOREIGN",
					[`${folder}/${OWN_DATA}`]: "LEFTOVER",
					[`${jobFolder(dead)}/data.json.gz`]: "META_MISSING",
					[`${jobFolder(dead)}/${OWN_DATA}`]: "LEFTOVER",
					"alpha/0/001/5/meta.json": "CONFIG_MISSING",
					[`testcluster/1/002/5/${OWN_DATA}`]: "LEFTOVER",
				};
				for (const key of Object.keys(objects)) await place.put(key, "x");
				await beginUpload(place, `testcluster/3/004/5/${OWN_DATA}`);
				const strays = await straysOf(archive);
				const root = `s3://${S3_BUCKET}/${place.configuration.prefix}/`;
				const expected: Record<string, Stray["code"]> = {
					...objects,
					"some folder/": "FOREIGN",
					"alpha/cluster.json": "CONFIG_MISSING",
					[`testcluster/3/004/5/${OWN_DATA}`]: "LEFTOVER",
				};
				delete expected["some folder/x"];
				delete expected["alpha/0/001/5/meta.json"];
				expect(
					Object.fromEntries(
						strays.map(({ path, code }) => [path.slice(root.length), code]),
					),
				).to.deep.equal(expected);
				const left = strays.find(({ path }) => path.includes("/0/007/"));
				expect(left).to.deep.include(keyOf(dead));
				const ofAlpha = await straysOf(archive, "alpha");
				expect(ofAlpha.map(({ code }) => code)).to.deep.equal([
					"CONFIG_MISSING",
				]);
				// Data that a reader takes, or might, for the job's.
				await place.put(`${folder}/${beside}`, "x");
				const [extra] = (await straysOf(archive)).filter(({ path }) =>
					path.endsWith(`${folder}/${beside}`),
				);
				if (format === "columnar") expect(extra.code).to.equal("DATA_EXTRA");
			});
		});

	it("end when their signal is aborted", async () => {
		place = new S3Place(gateway());
		archive = await place.open();
		const strays = archive.strays({ signal: AbortSignal.abort("enough") });
		const error = await rejected(strays[Symbol.asyncIterator]().next());
		expect(error.code).to.equal("ABORTED");
		await archive.close();
		await place.close();
	});

	it("are gone once the job is removed that they were left of", async () => {
		place = new S3Place(gateway());
		archive = await place.open();
		await archive.storeClusterConfig("testcluster", testCluster());
		await place.put(`${folder}/${OWN_DATA}`, "x");
		expect(await straysOf(archive)).to.have.length(1);
		const keys = [];
		for await (const found of archive.iterate({ halfRemoved: true })) {
			if (!("error" in found)) expect.fail("there is no job");
			expect(found.error.code).to.equal("JOB_UNKNOWN");
			keys.push(found.key);
		}
		expect(keys).to.deep.equal([keyOf(job)]);
		expect(await archive.remove(keys)).to.deep.equal([undefined]);
		expect(await straysOf(archive)).to.deep.equal([]);
		await archive.close();
		await place.close();
	});
});

async function straysOf(archive: Archive, cluster?: string): Promise<Stray[]> {
	const strays: Stray[] = [];
	for await (const stray of archive.strays({ cluster })) strays.push(stray);
	return strays;
}

async function beginUpload(place: S3Place, key: string): Promise<void> {
	await place.client.send(
		new CreateMultipartUploadCommand({
			Bucket: S3_BUCKET,
			Key: `${place.configuration.prefix}/${key}`,
		}),
	);
}
