import { expect } from "chai";
import type { Archive } from "../../../lib/archive/archive.js";
import type { ErrorCode } from "../../../lib/errors.js";
import { keyOf, testData } from "../../support/job-data.js";
import { testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import type { ArchivePlace } from "./archive-place.js";
import { expectData } from "./jobs.js";
import type { TestPlace } from "./use-place.js";

interface Case {
	inflict(damage: ArchivePlace["damage"]): Promise<void>;
	loadMeta?: ErrorCode;
	loadData?: ErrorCode;
	exists: boolean;
}

const job = testJob();

const CASES: Record<string, Case> = {
	"data cut short by a byte": {
		inflict: (damage) => damage.data(job, (bytes) => bytes.subarray(0, -1)),
		loadData: "DATA_CORRUPT",
		exists: true,
	},
	"data cut short by half": {
		inflict: (damage) =>
			damage.data(job, (bytes) => bytes.subarray(0, bytes.length >> 1)),
		loadData: "DATA_CORRUPT",
		exists: true,
	},
	"data cut off altogether": {
		inflict: (damage) => damage.data(job, (bytes) => bytes.subarray(0, 0)),
		loadData: "DATA_CORRUPT",
		exists: true,
	},
	"a bit of the data flipped": {
		inflict: (damage) =>
			damage.data(job, (bytes) => {
				const flipped = bytes.slice();
				flipped[bytes.length >> 1] ^= 0x40;
				return flipped;
			}),
		loadData: "DATA_CORRUPT",
		exists: true,
	},
	"data missing": {
		inflict: (damage) => damage.data(job, () => undefined),
		loadData: "DATA_CORRUPT",
		exists: false,
	},
	"meta cut short": {
		inflict: (damage) => damage.meta(job, '{"jobId":1001'),
		loadMeta: "DATA_CORRUPT",
		exists: true,
	},
	"meta of another shape": {
		inflict: (damage) => damage.meta(job, '{"jobId":"1001"}'),
		loadMeta: "DATA_CORRUPT",
		exists: true,
	},
	"meta that is null": {
		inflict: (damage) => damage.meta(job, "null"),
		loadMeta: "DATA_CORRUPT",
		exists: true,
	},
};

export function describeDamage(places: TestPlace): void {
	const { here, openReady } = places;
	const sizes = { "a small job": 300, "a large job": 60_000 };

	for (const [size, samples] of Object.entries(sizes))
		for (const [name, damage] of Object.entries(CASES))
			it(`${name} of ${size}: says so, and archives the job again`, async () => {
				const archive = await openReady();
				await archive.importJob(job, testData(1, samples));
				await damage.inflict(here().damage);
				expect(await archive.exists(job)).to.equal(damage.exists);
				await expectCode(archive.loadJobMeta(job), damage.loadMeta);
				await expectCode(archive.loadJobData(job), damage.loadData);
				const code = damage.loadMeta ?? damage.loadData;
				expect(await listErrors(archive)).to.deep.equal([code]);
				await archive.importJob(job, testData(2, 300));
				await expectData(archive, job, testData(2, 300));
				expect(await listErrors(archive)).to.deep.equal([]);
			});

	it("a cluster's configuration that is none: says so", async () => {
		const archive = await openReady();
		for (const text of ["", "{", "[]", '{"name":"testcluster"}']) {
			await here().damage.cluster("testcluster", text);
			const error = await rejected(archive.loadClusterConfig("testcluster"));
			expect(error.code).to.equal("DATA_CORRUPT");
			expect(error.details.path).to.be.a("string");
		}
	});
}

async function expectCode(
	load: Promise<unknown>,
	code: ErrorCode | undefined,
): Promise<void> {
	if (code === undefined) {
		await load;
		return;
	}
	const error = await rejected(load);
	expect(error.code).to.equal(code);
	expect(error.details).to.include(keyOf(job));
	expect(error.details.path).to.be.a("string");
	expect(error.message).to.include(error.details.path);
}

async function listErrors(archive: Archive): Promise<string[]> {
	const codes: string[] = [];
	for await (const found of archive.iterate({ loadMetricData: true }))
		if ("error" in found) codes.push(found.error.code);
	return codes;
}
